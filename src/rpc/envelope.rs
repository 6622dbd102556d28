//! The outer object of a request.
//!
//! In: a parsed message and the raw text of its id. Out: method, params, and to whom and in which dialect the reply
//! goes; or why this is no request. It does not look into the params.
//!
//! | | 2.0 (there is a member `jsonrpc`) | 1.0 |
//! |---|---|---|
//! | id | string, number or null; absent: a notification | any value; null or absent: a notification |
//! | params | array or object; absent or null: none | the same, and `[{…}]` is what Go's clients send for `{…}` |

use super::reply::Refused;
use crate::json::{Kind, Message, Names, Params, Value};
use crate::limits::ID_BYTES_MAX;

/// Which JSON-RPC a message speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// JSON-RPC 1.0, as Go's `net/rpc/jsonrpc` and Open vSwitch speak it.
    V1,
    /// JSON-RPC 2.0.
    V2,
}

/// Whom a reply is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct To<'m> {
    pub(super) dialect: Dialect,
    /// The id's text, or `null`.
    pub(super) id: &'m [u8],
}

impl To<'_> {
    /// A message of which nothing could be understood.
    pub(super) const NOBODY: Self = Self::nobody(Dialect::V2);

    /// A request whose id cannot be echoed.
    pub(super) const fn nobody(dialect: Dialect) -> Self {
        Self { dialect, id: b"null" }
    }
}

/// The text of an id, exactly as it came.
#[derive(Debug, Clone, Copy)]
pub(super) enum RawId<'m> {
    /// The scanner found none. (There may be one whose name is spelled with escapes.)
    Absent,
    /// Longer than we echo.
    TooLong,
    /// Its bytes.
    Text(&'m [u8]),
}

impl<'m> RawId<'m> {
    /// Copies an id out of the frame: parsing in place may change its bytes, and they are few.
    pub(super) fn copy(id: Option<&[u8]>, to: &'m mut Vec<u8>) -> Self {
        let Some(id) = id else { return Self::Absent };
        if id.len() > ID_BYTES_MAX {
            return Self::TooLong;
        }
        to.clear();
        to.extend_from_slice(id);
        Self::Text(to)
    }

    /// What a reply to a request with this id echoes.
    pub(super) fn echoed(self) -> &'m [u8] {
        match self {
            Self::Text(text) => text,
            Self::Absent | Self::TooLong => b"null",
        }
    }
}

/// A request.
#[derive(Debug)]
pub(super) struct Envelope<'m> {
    /// Where the reply goes.
    pub(super) to: To<'m>,
    /// Nobody waits for a reply.
    pub(super) notification: bool,
    /// The method's name as it came.
    pub(super) method: &'m str,
    /// Its parameters, not matched yet.
    pub(super) params: Params<'m>,
}

/// The members of a request, before anything is demanded of them.
#[derive(Debug, Default)]
struct Members<'m> {
    jsonrpc: Option<Value<'m>>,
    id: Option<Value<'m>>,
    method: Option<Value<'m>>,
    params: Option<Value<'m>>,
    /// How many members have one of these names.
    count: usize,
}

impl<'m> Members<'m> {
    /// Members of other names are nobody's business.
    #[inline]
    fn read(root: Value<'m>) -> Self {
        let mut members = Self::default();
        for (name, value) in root.members() {
            match name {
                "jsonrpc" => members.jsonrpc = Some(value),
                "id" => members.id = Some(value),
                "method" => members.method = Some(value),
                "params" => members.params = Some(value),
                _ => continue,
            }
            members.count += 1;
        }
        members
    }

    /// One of the names occurs twice.
    fn has_repeated(&self) -> bool {
        let Self { jsonrpc, id, method, params, count } = self;
        let names = [jsonrpc, id, method, params].map(|member| usize::from(member.is_some()));
        *count > names.iter().sum()
    }
}

impl<'m> Envelope<'m> {
    /// Reads the members.
    ///
    /// # Errors
    /// What is wrong, and to whom and in which dialect to say so.
    pub(super) fn read(message: &'m Message<'m>, id: RawId<'m>, in_batch: bool) -> Result<Self, (To<'m>, Refused<'m>)> {
        let root = message.root();
        let members = Members::read(root);
        let dialect = if in_batch || members.jsonrpc.is_some() { Dialect::V2 } else { Dialect::V1 };
        let to = To { dialect, id: echo(dialect, members.id, id).map_err(|why| (To::nobody(dialect), why))? };
        let refuse = |why: &'static str| Err((to, Refused::Request(why)));
        if root.kind() != Kind::Object {
            return refuse("a request is an object");
        }
        if members.has_repeated() {
            return Err((To::nobody(dialect), Refused::Request("jsonrpc, id, method or params occurs twice")));
        }
        if dialect == Dialect::V2 && members.jsonrpc.and_then(|v| v.str().ok()) != Some("2.0") {
            return refuse("jsonrpc must be \"2.0\"");
        }
        let Some(method) = members.method.and_then(|v| v.str().ok()) else {
            return refuse("method must be there, and be a string");
        };
        let names = if method.starts_with("Xenops.") { Names::Go } else { Names::Exact };
        let params = members.params.map(|params| unwrap_params(dialect, params));
        Ok(Self {
            to,
            notification: is_notification(dialect, members.id),
            method,
            params: Params::new(message.arena(), params, names),
        })
    }
}

/// The bytes to echo as the reply's id.
fn echo<'m>(dialect: Dialect, id: Option<Value<'m>>, raw: RawId<'m>) -> Result<&'m [u8], Refused<'m>> {
    let Some(id) = id else { return Ok(b"null") };
    if dialect == Dialect::V2 && !matches!(id.kind(), Kind::String | Kind::Number | Kind::Null) {
        return Err(Refused::Request("id must be a string, a number or null"));
    }
    match raw {
        RawId::Text(text) => Ok(text),
        RawId::TooLong => Err(Refused::Request("id is longer than 256 bytes")),
        RawId::Absent => Err(Refused::Request("the name id must be written without escapes")),
    }
}

fn is_notification(dialect: Dialect, id: Option<Value<'_>>) -> bool {
    match dialect {
        Dialect::V2 => id.is_none(),
        Dialect::V1 => id.is_none_or(|id| id.kind() == Kind::Null),
    }
}

/// Go's client puts its one argument into an array: `[{"Domid":1}]` names parameters, `[null]` is none.
fn unwrap_params(dialect: Dialect, params: Value<'_>) -> Value<'_> {
    let mut elements = params.elements();
    match (dialect, elements.next(), elements.next()) {
        (Dialect::V1, Some(only), None) if matches!(only.kind(), Kind::Object | Kind::Null) => only,
        _ => params,
    }
}
