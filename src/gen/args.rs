//! What is passed for each parameter of a function.
//!
//! In: a function's declaration and the hints about it. Out: an [`Arg`] for each of its parameters, in C's order, or
//! the reason why one of them cannot be passed. It follows from the parameter's type; where a pointer may go either
//! way, from the function's name, unless a hint knows better.

use super::facts::CHECKED_STRUCTS;
use super::hints::{Fact, Hints};
use super::model::{Builtin, Function, Int, Model, Type};
use super::plan::{List, is_ctx, list, only_looks, short};

/// What is passed for one parameter.
#[derive(Debug)]
pub enum Arg<'m> {
    /// The context.
    Ctx,
    /// How to tell that the operation is complete.
    How,
    /// A null pointer: libxl waits itself, or tells nothing on the way.
    Null,
    /// Something from the request.
    Input(Input<'m>),
    /// A descriptor that came along with the request, or -1.
    Descriptor { name: &'m str, optional: bool },
    /// The length of the string, or the number of the bytes, that another parameter is.
    Length { of: &'static str },
    /// Room for bytes that the caller frees; their count is the list's.
    Bytes { name: &'m str },
    /// Room for an integer or an enumeration's value.
    Scalar { name: &'m str, ty: &'m Type, redundant: bool },
    /// Room for a string that the caller frees.
    Text { name: &'m str },
    /// Room for a struct or a builtin that the caller disposes of, perhaps allocated by that function before, perhaps
    /// not to be touched after a failure.
    Value { name: &'m str, ty: &'m Type, allocate: Option<&'static str>, gone_on_failure: bool },
    /// Room for an array that the caller frees.
    List { name: &'m str, list: List<'m> },
    /// Room for the array's count, an `int` or an `unsigned int`.
    Count { signed: bool },
}

/// A parameter of the method.
#[derive(Debug)]
pub struct Input<'m> {
    /// Its name.
    pub name: &'m str,
    /// How it is read and passed.
    pub read: Read<'m>,
    /// The request need not have it: C gets a null pointer.
    pub optional: bool,
    /// The function of `api::check` that looks at it first.
    pub check: Option<&'static str>,
}

/// How a parameter is read, and passed on.
#[derive(Debug)]
pub enum Read<'m> {
    /// A domain, by its number, name or uuid.
    Domain,
    /// A number, perhaps within bounds, perhaps one that need not be there.
    Integer { int: Int, range: Option<(i64, i64)>, default: Option<u32> },
    /// A number to which libxl writes.
    InOutInteger { int: Int, default: Option<u32> },
    /// `true` or `false`.
    Bool,
    /// A string of one character.
    Letter,
    /// A name of this enumeration.
    Enumeration(&'m str),
    /// A string that is not empty.
    Text { constant: bool },
    /// Bytes, in base64.
    Bytes { constant: bool },
    /// A struct in the request's arena, which libxl only reads.
    Lent(&'m str),
    /// A struct that libxl may change or keep until the operation is complete: a copy in libxl's memory. What has
    /// become of it is a result, or not.
    Copied { ty: &'m Type, returned: bool },
    /// A bitmap in the request's arena, which libxl only reads; how large it must be.
    Bitmap { size: &'static str, by_value: bool },
    /// A uuid in the request's arena, which libxl only reads.
    Uuid { by_value: bool },
}

/// Which way a pointer that is not const goes.
enum Direction {
    In,
    InOut,
    Out,
}

/// What the parameters of one function are decided by.
pub struct Decider<'m, 'h> {
    /// The headers.
    pub model: &'m Model,
    /// What they do not say.
    pub hints: &'h mut Hints,
    /// The function.
    pub function: &'m Function,
    /// Its return value or one of its parameters is an array.
    pub counted: bool,
}

impl<'m> Decider<'m, '_> {
    /// What is passed for a parameter. `count_found`: the array's count is another one.
    pub fn arg(&mut self, name: &'m str, ty: &'m Type, count_found: bool) -> Result<Arg<'m>, String> {
        if is_ctx(ty) {
            return Ok(Arg::Ctx);
        }
        let length_of = |fact| match fact {
            Fact::LengthOf(param, of) if param == name => Some(of),
            _ => None,
        };
        if let Some(of) = self.ask(length_of) {
            return Ok(Arg::Length { of });
        }
        match ty {
            Type::Int(Int::I32) if name == "fd" || name.ends_with("_fd") => {
                Ok(Arg::Descriptor { name, optional: self.says(Fact::Optional, name) })
            }
            Type::Int(int) => Ok(self.integer(name, *int)),
            Type::Bool => Ok(self.input(name, Read::Bool)),
            Type::Char => Ok(self.input(name, Read::Letter)),
            Type::Enum(of) => Ok(self.input(name, Read::Enumeration(of))),
            Type::Builtin(Builtin::Bitmap) => self.bitmap(name, true),
            Type::Builtin(Builtin::Uuid) => Ok(self.input(name, Read::Uuid { by_value: true })),
            Type::Pointer { to, constant: true } => self.const_pointer(name, to),
            Type::Pointer { to, constant: false } => self.pointer(name, to, count_found),
            other => Err(format!("has a parameter of type {other:?}")),
        }
    }

    fn integer(&mut self, name: &'m str, int: Int) -> Arg<'m> {
        let default = self.default(name);
        if default.is_none() && is_domain(name) {
            return self.input(name, Read::Domain);
        }
        let range = self.ask(|fact| match fact {
            Fact::Range(param, min, max) if param == name => Some((min, max)),
            _ => None,
        });
        self.input(name, Read::Integer { int, range, default })
    }

    fn const_pointer(&mut self, name: &'m str, to: &'m Type) -> Result<Arg<'m>, String> {
        match to {
            Type::Char => Ok(self.input(name, Read::Text { constant: true })),
            Type::Int(Int::U8) => Ok(self.input(name, Read::Bytes { constant: true })),
            Type::Struct(of) => Ok(self.struct_input(name, of, Read::Lent(of))),
            Type::Builtin(Builtin::Bitmap) => self.bitmap(name, false),
            Type::Builtin(Builtin::Uuid) => Ok(self.input(name, Read::Uuid { by_value: false })),
            Type::Other(how) if how == "libxl_asyncop_how" && !self.says_that(Fact::Synchronous) => Ok(Arg::How),
            Type::Other(how) if how.starts_with("libxl_async") => Ok(Arg::Null),
            other => Err(format!("has a parameter of type const {other:?} *")),
        }
    }

    fn pointer(&mut self, name: &'m str, to: &'m Type, count_found: bool) -> Result<Arg<'m>, String> {
        match to {
            Type::Pointer { to, .. } if **to == Type::Int(Int::U8) => Ok(Arg::Bytes { name }),
            Type::Pointer { to, .. } if **to == Type::Char => Ok(Arg::Text { name }),
            Type::Pointer { to, .. } if matches!(**to, Type::Struct(_)) => {
                Ok(Arg::List { name, list: list(self.model, self.function, to)? })
            }
            Type::Char if self.says(Fact::In, name) => Ok(self.input(name, Read::Text { constant: false })),
            Type::Void => Ok(self.input(name, Read::Bytes { constant: false })),
            Type::Int(int) if self.counted && !count_found => Ok(Arg::Count { signed: *int == Int::I32 }),
            Type::Int(int) if self.says(Fact::InOut, name) => {
                let default = self.default(name);
                Ok(self.input(name, Read::InOutInteger { int: *int, default }))
            }
            Type::Int(_) | Type::Enum(_) => {
                Ok(Arg::Scalar { name, ty: to, redundant: self.says(Fact::Redundant, name) })
            }
            Type::Struct(of) => Ok(match self.direction(name) {
                Direction::Out => self.room(name, to),
                Direction::In => self.struct_input(name, of, Read::Copied { ty: to, returned: false }),
                Direction::InOut => self.struct_input(name, of, Read::Copied { ty: to, returned: true }),
            }),
            Type::Builtin(builtin @ (Builtin::Bitmap | Builtin::Uuid | Builtin::MsVmGenid)) => {
                match (self.direction(name), builtin) {
                    (Direction::In, Builtin::Bitmap) => self.bitmap(name, false),
                    (Direction::In, Builtin::Uuid) => Ok(self.input(name, Read::Uuid { by_value: false })),
                    _ => Ok(self.room(name, to)),
                }
            }
            other => Err(format!("has a parameter of type {other:?} *")),
        }
    }

    /// How large a bitmap must be is known by its name: libxl copies so many bytes from it, whatever its size says.
    fn bitmap(&mut self, name: &'m str, by_value: bool) -> Result<Arg<'m>, String> {
        let size = match name {
            _ if name.starts_with("nodemap") => "Node",
            _ if name.starts_with("cpumap") => "Cpu",
            // What caches are shared by.
            "target_map" => "Socket",
            _ => return Err(format!("has a bitmap of something: {name}")),
        };
        Ok(self.input(name, Read::Bitmap { size, by_value }))
    }

    fn room(&mut self, name: &'m str, ty: &'m Type) -> Arg<'m> {
        let allocate = self.ask(|fact| match fact {
            Fact::Allocated(param, allocator) if param == name => Some(allocator),
            _ => None,
        });
        Arg::Value { name, ty, allocate, gone_on_failure: self.says(Fact::GoneOnFailure, name) }
    }

    /// Functions that only look fill what they are given. Those that add a device fill in what the caller left open.
    fn direction(&mut self, name: &str) -> Direction {
        let of = short(&self.function.name);
        if self.says(Fact::In, name) {
            Direction::In
        } else if self.says(Fact::InOut, name) || (of.starts_with("device_") && of.ends_with("_add")) {
            Direction::InOut
        } else if only_looks(of) {
            Direction::Out
        } else {
            Direction::In
        }
    }

    fn input(&mut self, name: &'m str, read: Read<'m>) -> Arg<'m> {
        let check = self.ask(|fact| match fact {
            Fact::Checked(param, check) if param == name => Some(check),
            _ => None,
        });
        Arg::Input(Input { name, read, optional: self.says(Fact::Optional, name), check })
    }

    fn struct_input(&mut self, name: &'m str, of: &str, read: Read<'m>) -> Arg<'m> {
        let check = CHECKED_STRUCTS.iter().find(|(ty, ..)| *ty == of).map(|(_, check, _)| *check);
        Arg::Input(Input { name, read, optional: false, check })
    }

    fn default(&mut self, name: &str) -> Option<u32> {
        self.ask(|fact| match fact {
            Fact::Default(param, default) if param == name => Some(default),
            _ => None,
        })
    }

    fn ask<T>(&mut self, choose: impl Fn(Fact) -> Option<T>) -> Option<T> {
        self.hints.find(short(&self.function.name), choose).map(|(chosen, _)| chosen)
    }

    /// Is this said of the parameter?
    fn says(&mut self, fact: impl Fn(&'static str) -> Fact, name: &str) -> bool {
        let said = |known: Fact| match known {
            Fact::In(param)
            | Fact::InOut(param)
            | Fact::Optional(param)
            | Fact::Redundant(param)
            | Fact::GoneOnFailure(param) => (param == name && fact(param) == known).then_some(()),
            _ => None,
        };
        self.ask(said).is_some()
    }

    fn says_that(&mut self, fact: Fact) -> bool {
        self.hints.says(short(&self.function.name), fact)
    }
}

/// Is an integer of that name a domain's number?
fn is_domain(name: &str) -> bool {
    name == "domid" || name.starts_with("domid_") || name.ends_with("_domid") || name == "backend"
}
