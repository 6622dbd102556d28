//! Files that hold a saved domain, as `xl save` writes them and `xl restore` reads them.
//!
//! In: a domain's configuration; a file. Out: what comes before libxl's own stream, which is what `domain_suspend`
//! writes and `domain_create_restore` reads; a configuration, with the file left at the beginning of that stream. The
//! stream itself is libxl's matter.
//!
//! ```text
//! 32 bytes   the text "Xen saved domain, xl format", then LF, space, NUL, space, CR
//! u32        0x01020304, which tells the host's byte order: that of all numbers here
//! u32        flags that a reader must know: 1, the configuration is JSON; 2, the stream is libxl's second
//! u32        flags that it need not know: none
//! u32        length of what follows up to the stream
//! u32        length of the configuration
//!            the configuration: a `libxl_domain_config` as JSON, and NUL
//! ```

use std::fmt;
use std::io::{self, ErrorKind, Read};

use serde_json::Value;
use serde_json::value::RawValue;

const MAGIC: [u8; 32] = *b"Xen saved domain, xl format\n \0 \r";
const BYTE_ORDER: u32 = 0x0102_0304;
const HEADER_BYTES: usize = 48;

/// The configuration is JSON.
const FLAG_JSON: u32 = 1;
/// The stream is libxl's second, of Xen 4.6 and later.
const FLAG_STREAM_2: u32 = 2;

/// The longest configuration that is read or written, in bytes: xenopsd takes no longer message.
pub const CONFIG_BYTES_MAX: u32 = 1 << 20;

/// What a file begins with, for a domain of this configuration: the result of `retrieve_domain_configuration`. The
/// number that the domain has is left out of it: who restores the file gets another one.
///
/// # Errors
/// [`NoSavedDomain::Length`] for a configuration that is longer than [`CONFIG_BYTES_MAX`].
pub fn begin(config: &Value) -> Result<Vec<u8>, NoSavedDomain> {
    let mut config = config.clone();
    if let Some(domid) = config.pointer_mut("/c_info/domid") {
        *domid = 0.into();
    }
    let text = config.to_string();
    let too_long = |_| NoSavedDomain::Length(u32::MAX);
    let length = u32::try_from(text.len() + 1).map_err(too_long)?;
    if length > CONFIG_BYTES_MAX {
        return Err(NoSavedDomain::Length(length));
    }
    let numbers = [BYTE_ORDER, FLAG_JSON | FLAG_STREAM_2, 0, length + 4, length];
    let numbers = numbers.into_iter().flat_map(u32::to_ne_bytes);
    Ok(MAGIC.into_iter().chain(numbers).chain(text.into_bytes()).chain([0]).collect())
}

/// Reads what comes before the stream, and nothing of that. No more memory is taken than there are bytes in the file.
///
/// # Errors
/// Why this is no saved domain, or none that can be restored here.
pub fn read(file: &mut impl Read) -> Result<Box<RawValue>, NoSavedDomain> {
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header)?;
    let (magic, numbers) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(NoSavedDomain::Magic);
    }
    let mut numbers = numbers.as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes));
    let mut number = || numbers.next().unwrap_or_default();
    match number() {
        BYTE_ORDER => {}
        _ => return Err(NoSavedDomain::ByteOrder),
    }
    let flags = number();
    match flags & !(FLAG_JSON | FLAG_STREAM_2) {
        0 => {}
        unknown => return Err(NoSavedDomain::Flags(unknown)),
    }
    let (_optional_flags, length) = (number(), number());
    let text = read_config(file, length)?;
    if flags & FLAG_JSON == 0 {
        return Err(NoSavedDomain::NoJson);
    }
    if flags & FLAG_STREAM_2 == 0 {
        return Err(NoSavedDomain::OldStream);
    }
    match text.split_last() {
        Some((0, text)) => serde_json::from_slice(text).map_err(NoSavedDomain::Config),
        _ => Err(NoSavedDomain::NoNul),
    }
}

/// Reads the configuration, and the rest of what has this length: a later xl may have more to say.
fn read_config(file: &mut impl Read, length: u32) -> Result<Vec<u8>, NoSavedDomain> {
    if length == 0 {
        return Err(NoSavedDomain::NoConfig);
    }
    if length > CONFIG_BYTES_MAX + 4 {
        return Err(NoSavedDomain::Length(length));
    }
    let mut bytes = Vec::new();
    file.take(length.into()).read_to_end(&mut bytes)?;
    if u32::try_from(bytes.len()) != Ok(length) {
        return Err(NoSavedDomain::Truncated);
    }
    let Some((config_length, config)) = bytes.split_first_chunk() else {
        return Err(NoSavedDomain::Lengths);
    };
    let config = usize::try_from(u32::from_ne_bytes(*config_length)).ok().and_then(|length| config.get(..length));
    config.map(<[u8]>::to_vec).ok_or(NoSavedDomain::Lengths)
}

/// Why a file does not hold a saved domain, or none that can be restored here.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoSavedDomain {
    /// It cannot be read.
    Read(io::Error),
    /// It ends before its configuration does.
    Truncated,
    /// It begins otherwise.
    Magic,
    /// It was written on a host of another byte order.
    ByteOrder,
    /// It needs a reader that knows what these bits mean.
    Flags(u32),
    /// Its configuration is an `xl.cfg`: only `xl` reads those.
    NoJson,
    /// Its stream is libxl's first, that of Xen 4.5 and before.
    OldStream,
    /// It holds no configuration.
    NoConfig,
    /// Its configuration has so many bytes, which is too much.
    Length(u32),
    /// The configuration is longer than what it is part of.
    Lengths,
    /// Its configuration does not end with NUL.
    NoNul,
    /// Its configuration is no JSON.
    Config(serde_json::Error),
}

impl From<io::Error> for NoSavedDomain {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Read(error) }
    }
}

impl std::error::Error for NoSavedDomain {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(source) => Some(source),
            Self::Config(source) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for NoSavedDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(source) => source.fmt(f),
            Self::Truncated => f.write_str("it ends too early to hold a saved domain"),
            Self::Magic => f.write_str("this is no file of xl save or xenops save"),
            Self::ByteOrder => f.write_str("it was written on a host of another byte order"),
            Self::Flags(flags) => write!(f, "it needs a later release: flags {flags:#x} are unknown"),
            Self::NoJson => f.write_str("its configuration is no JSON: use xl restore"),
            Self::OldStream => f.write_str("it was saved by Xen 4.5 or before: use xl restore"),
            Self::NoConfig => f.write_str("it holds no configuration: use xl restore, which can be given one"),
            Self::Length(bytes) => write!(f, "a configuration of {bytes} bytes is too long: {CONFIG_BYTES_MAX} may be"),
            Self::Lengths => f.write_str("it is damaged: its configuration is longer than it can be"),
            Self::NoNul => f.write_str("it is damaged: its configuration does not end where it should"),
            Self::Config(source) => write!(f, "it is damaged: its configuration is no JSON: {source}"),
        }
    }
}
