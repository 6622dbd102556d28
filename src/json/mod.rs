//! A frame as values, and values as bytes.
//!
//! In: one JSON document in the input buffer; C values. Out: a tape, read through [`Value`]; bytes in the output
//! buffer, through [`Writer`]. This room knows no method and no libxl.

mod base64;
mod decimal;
mod fields;
mod name;
mod params;
mod pen;
mod tape;
mod value;
mod writer;

pub use decimal::digits_of;
pub use fields::Fields;
pub use name::Name;
pub use params::{Args, Names, Params};
pub use pen::Pen;
pub use tape::{Message, PADDING, ParseError, Parser};
pub use value::{Kind, Members, Value};
pub use writer::{LeftOut, Writer};
