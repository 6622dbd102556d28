//! Encoders: one function a type, from C memory to JSON.
//!
//! In: the model. Out: `encode.rs`: for each struct an encoder of all of it, an encoder of those fields that a request
//! asks for, and the names that it may ask by. The form is libxl's own (`libxl_T_to_json`) but for three rules: every
//! field is written, also at its default; deprecated fields never are; and a union whose key names no member writes
//! nothing.
//!
//! Fields whose longest form is known are gathered into runs: room for all of a run is made once, then they are written
//! without asking again. What can grow without bound (strings, arrays, bitmaps, unions) ends a run.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::emit_result::{encoders, fields_table};
use super::hints::{DEPRECATED_FIELDS, SECRET_FIELDS};
use super::model::{Builtin, Enum, Field, Int, Model, Shape, Struct, Type, Union};
use super::plan::short;

/// `encode.rs`.
///
/// # Errors
/// A type that cannot be encoded.
pub fn emit(model: &Model) -> Result<TokenStream, String> {
    let emitter = Emitter { model, marked: None };
    let enums = model.enums.values().map(|described| emitter.enumeration(described));
    let structs: Result<Vec<_>, String> =
        model.structs.values().map(|described| emitter.structure(described)).collect();
    let chosen: Result<Vec<_>, String> = model.structs.values().map(|described| emitter.chosen(described)).collect();
    let (structs, chosen) = (structs?, chosen?);
    Ok(quote!(#(#enums)* #(#structs)* #(#chosen)*))
}

/// Code that writes a struct `v`, and leaves in `counter` where the digits of its field of that name begin.
///
/// # Errors
/// The struct cannot be encoded.
pub(super) fn body_with_counter(model: &Model, of: &Struct, field: &str) -> Result<TokenStream, String> {
    let path = format!("{}.{field}", short(&of.name));
    let mut code = Code::default();
    Emitter { model, marked: Some(&path) }.object(&mut code, of, &quote!(v), short(&of.name))?;
    Ok(code.finish())
}

/// The fields that are written, `path` being how hints name their owner.
pub(super) fn written<'s>(of: &'s Struct, path: &str) -> impl Iterator<Item = &'s Field> {
    of.fields.iter().filter(move |field| {
        let deprecated = DEPRECATED_FIELDS.contains(&format!("{path}.{}", field.name).as_str());
        !deprecated && !matches!(field.shape, Shape::Private)
    })
}

/// The names by which a request asks for a struct's fields: those that they are written under. A keyed union is written
/// under its key's name and that of one of its members, and asked for by the key's.
pub fn names(of: &Struct) -> Vec<&str> {
    written(of, short(&of.name)).map(name).collect()
}

fn name(field: &Field) -> &str {
    if let Shape::Union(union) = &field.shape { &union.key } else { &field.name }
}

/// Fields that a request may choose from: as many as `json::Fields` holds.
const FIELDS_MAX: usize = 128;

struct Emitter<'m> {
    model: &'m Model,
    /// The field whose place is to be known.
    marked: Option<&'m str>,
}

/// Code that appends to a writer `w`, in runs of known length.
#[derive(Default)]
struct Code {
    done: TokenStream,
    /// The current run: literal text not emitted yet, code for a pen, and the bytes that both may need.
    literal: Vec<u8>,
    run: TokenStream,
    run_bytes: usize,
}

impl Code {
    fn text(&mut self, text: &str) {
        self.literal.extend_from_slice(text.as_bytes());
    }

    fn flush_literal(&mut self) {
        if !self.literal.is_empty() {
            let literal = Literal::byte_string(&self.literal);
            self.run_bytes += self.literal.len();
            self.run.extend(quote!(pen.lit(#literal);));
            self.literal.clear();
        }
    }

    /// Code for a pen that needs at most `bytes`.
    fn bounded(&mut self, bytes: usize, code: &TokenStream) {
        self.flush_literal();
        self.run_bytes += bytes;
        self.run.extend(code.clone());
    }

    /// Code for the writer.
    fn unbounded(&mut self, code: &TokenStream) {
        self.end_run();
        self.done.extend(code.clone());
    }

    fn end_run(&mut self) {
        self.flush_literal();
        if self.run_bytes > 0 {
            let (bytes, run) = (self.run_bytes, std::mem::take(&mut self.run));
            self.done.extend(quote!({ let mut pen = w.room(#bytes); #run }));
            self.run_bytes = 0;
        }
    }

    fn finish(mut self) -> TokenStream {
        self.end_run();
        self.done
    }
}

impl Emitter<'_> {
    /// A function that gives an enumeration's name with its quotes, or `null`.
    fn enumeration(&self, described: &Enum) -> TokenStream {
        let (name, ty) = (format_ident!("{}", short(&described.name)), format_ident!("{}", described.name));
        let bytes = name_bytes(described);
        let arms = described.values.iter().map(|value| {
            let constant = format_ident!("{}", value.constant);
            let text = Literal::byte_string(format!("\"{}\"", value.name).as_bytes());
            quote!(#constant => const { &Name::new(#text) })
        });
        let doc = format!(" A `{}` by its name; a value that has none is `null`.", described.name);
        quote! {
            #[doc = #doc]
            #[inline]
            pub fn #name(value: #ty) -> &'static Name<#bytes> {
                match value { #(#arms,)* _ => const { &Name::new(b"null") } }
            }
        }
    }

    fn structure(&self, described: &Struct) -> Result<TokenStream, String> {
        let (name, ty) = (format_ident!("{}", short(&described.name)), format_ident!("{}", described.name));
        let mut code = Code::default();
        self.object(&mut code, described, &quote!(v), short(&described.name))?;
        let body = code.finish();
        let doc = format!(" A `{}` as an object.", described.name);
        Ok(quote! {
            #[doc = #doc]
            ///
            /// # Safety
            /// Every pointer in the struct is null or points to what its field says.
            pub unsafe fn #name(xl: &Xl, w: &mut Writer<'_>, v: &#ty) {
                // SAFETY: the caller's promise, field by field. Each run's room is the sum of its literals and of the
                // longest forms of its values.
                unsafe { #body }
            }
        })
    }

    /// A function that writes some fields, and the table of their names. An object begins with what is before its first
    /// member, and that is a comma from then on; a union may come to nothing.
    fn chosen(&self, described: &Struct) -> Result<TokenStream, String> {
        let ((_, name), ty) = (encoders(&described.name), format_ident!("{}", described.name));
        let (table, names) = (fields_table(&described.name), names(described));
        if names.len() > FIELDS_MAX {
            return Err(format!("{}: more than {FIELDS_MAX} fields", described.name));
        }
        let begin = |code: &mut Code| code.bounded(1, &quote!(pen.lit(core::mem::replace(&mut before, b","));));
        let mut some = TokenStream::new();
        for (at, field) in written(described, short(&described.name)).enumerate() {
            let (at, ident) = (Literal::usize_unsuffixed(at), format_ident!("{}", field.ident));
            let (path, value) = (format!("{}.{}", short(&described.name), field.name), quote!(v.#ident));
            let mut code = Code::default();
            if let Shape::Union(union) = &field.shape {
                self.union(&mut code, union, &value, &path, &begin)?;
            } else {
                begin(&mut code);
                code.text(&format!("\"{}\":", field.name));
                self.shape(&mut code, &field.shape, &value, &path)?;
            }
            let code = code.finish();
            some.extend(quote!(if fields.contains(#at) { #code }));
        }
        let (names_doc, doc) = (
            format!(" What a request may ask for of a `{}`.", described.name),
            format!(" Those fields of a `{}` as an object, by their places in `{table}`.", described.name),
        );
        Ok(quote! {
            #[doc = #names_doc]
            pub const #table: &[&str] = &[#(#names),*];

            #[doc = #doc]
            ///
            /// # Safety
            /// Every pointer in the struct is null or points to what its field says.
            pub unsafe fn #name(xl: &Xl, w: &mut Writer<'_>, v: &#ty, fields: Fields) {
                let mut before = b"{";
                // SAFETY: as of the encoder of all fields.
                unsafe { #some }
                w.raw(if before == b"{" { b"{}" } else { b"}" });
            }
        })
    }

    /// An object with all fields of a struct; `path` is how hints name it.
    fn object(&self, code: &mut Code, of: &Struct, value: &TokenStream, path: &str) -> Result<(), String> {
        let mut before = "{";
        for field in written(of, path) {
            let ident = format_ident!("{}", field.ident);
            let (path, value) = (format!("{path}.{}", field.name), quote!(#value.#ident));
            if let Shape::Union(union) = &field.shape {
                if before == "{" {
                    return Err(format!("{path}: a union cannot come first"));
                }
                self.union(code, union, &value, &path, &|code| code.text(","))?;
                continue;
            }
            code.text(&format!("{before}\"{}\":", field.name));
            if self.marked == Some(path.as_str()) {
                code.unbounded(&quote!(let counter = w.mark();));
            }
            self.shape(code, &field.shape, &value, &path).map_err(|why| format!("{path}: {why}"))?;
            before = ",";
        }
        code.text(if before == "{" { "{}" } else { "}" });
        Ok(())
    }

    fn shape(&self, code: &mut Code, shape: &Shape, value: &TokenStream, path: &str) -> Result<(), String> {
        match shape {
            Shape::Value(ty) if ty.is_string() && SECRET_FIELDS.contains(&path) => {
                code.unbounded(&quote!(w.secret(#value);));
                Ok(())
            }
            Shape::Value(ty) => self.value(code, ty, value),
            Shape::Array { count, element } => self.array(code, count, element, value),
            Shape::Inline(inner) => self.object(code, inner, value, path),
            Shape::Union(_) | Shape::Private => Err("not a value".to_owned()),
        }
    }

    /// The one member that the key names, as `"KEY.MEMBER":{…}`, with what `begin` writes before it.
    fn union(
        &self,
        code: &mut Code,
        union: &Union,
        value: &TokenStream,
        path: &str,
        begin: &dyn Fn(&mut Code),
    ) -> Result<(), String> {
        let key = sibling(value, &union.key_ident);
        let mut arms = TokenStream::new();
        for member in &union.members {
            let (constant, name) = (format_ident!("{}", member.value), format_ident!("{}", member.name));
            let mut inner = Code::default();
            begin(&mut inner);
            inner.text(&format!("\"{}.{}\":", union.key, member.name));
            match &member.content {
                Some(content) => {
                    self.object(&mut inner, content, &quote!(#value.#name), &format!("{path}.{}", member.name))?;
                }
                None => inner.text("{}"),
            }
            let inner = inner.finish();
            arms.extend(quote!(#constant => { #inner }));
        }
        code.unbounded(&quote!(match #key { #arms _ => {} }));
        Ok(())
    }

    fn array(&self, code: &mut Code, count: &str, element: &Type, value: &TokenStream) -> Result<(), String> {
        let count = sibling(value, count);
        let mut inner = Code::default();
        self.value(&mut inner, element, &quote!((*e)))?;
        let inner = inner.finish();
        code.unbounded(&quote!(array(w, #value, #count, |w, e| { #inner });));
        Ok(())
    }

    fn value(&self, code: &mut Code, ty: &Type, value: &TokenStream) -> Result<(), String> {
        match ty {
            // A whole word is written, whatever the length.
            Type::Bool => code.bounded(8, &quote!(pen.bool(#value);)),
            Type::Int(int) => {
                let (bytes, write) = integer(*int, value);
                code.bounded(bytes, &write);
            }
            Type::Enum(name) => {
                let described = self.model.enums.get(name).ok_or_else(|| format!("no enumeration {name}"))?;
                let encode = format_ident!("{}", short(name));
                code.bounded(name_bytes(described), &quote!(pen.name(#encode(#value));));
            }
            Type::Struct(name) => {
                let described = self.model.structs.get(name).ok_or_else(|| format!("no struct {name}"))?;
                if self.is_bounded(described) {
                    self.object(code, described, value, short(name))?;
                } else {
                    let encode = format_ident!("{}", short(name));
                    code.unbounded(&quote!(#encode(xl, w, &#value);));
                }
            }
            Type::Builtin(builtin) => builtin_value(code, *builtin, value)?,
            ty if ty.is_string() => code.unbounded(&quote!(w.c_str(#value);)),
            other => return Err(format!("a value of type {other:?}")),
        }
        Ok(())
    }

    /// Every value of this struct has a longest form.
    fn is_bounded(&self, of: &Struct) -> bool {
        of.fields.iter().all(|field| match &field.shape {
            Shape::Value(Type::Bool | Type::Int(_) | Type::Enum(_)) | Shape::Private => true,
            Shape::Value(Type::Builtin(builtin)) => builtin_bytes(*builtin).is_some(),
            Shape::Value(Type::Struct(name)) => self.model.structs.get(name).is_some_and(|s| self.is_bounded(s)),
            Shape::Inline(inner) => self.is_bounded(inner),
            _ => false,
        })
    }
}

/// The field beside `value` of that name: `v.u` and `type_` make `v.type_`.
pub(super) fn sibling(value: &TokenStream, name: &str) -> TokenStream {
    let mut tokens: Vec<_> = value.clone().into_iter().collect();
    tokens.pop();
    let name = format_ident!("{name}");
    let owner: TokenStream = tokens.into_iter().collect();
    quote!(#owner #name)
}

/// The room of an enumeration's names: the longest with its quotes, in whole words.
fn name_bytes(described: &Enum) -> usize {
    let longest = described.values.iter().map(|value| value.name.len() + 2).max().unwrap_or(0);
    longest.max("null".len()).next_multiple_of(8)
}

/// The longest form of an integer, and the code that writes one.
fn integer(int: Int, value: &TokenStream) -> (usize, TokenStream) {
    match int {
        // Digits are written eight at a time.
        Int::U8 => (8, quote!(pen.u32(#value.into());)),
        Int::U16 => (8, quote!(pen.u32(#value.into());)),
        Int::U32 => (10, quote!(pen.u32(#value);)),
        Int::U64 => (20, quote!(pen.u64(#value);)),
        Int::I32 => (11, quote!(pen.i32(#value);)),
        Int::I64 => (20, quote!(pen.i64(#value);)),
    }
}

/// The longest form of a builtin, if it has one.
fn builtin_bytes(builtin: Builtin) -> Option<usize> {
    match builtin {
        Builtin::Defbool => Some("\"<default>\"".len()),
        Builtin::Uuid => Some("\"01234567-89ab-cdef-0123-456789abcdef\"".len()),
        Builtin::Mac => Some("\"00:16:3e:00:00:00\"".len()),
        Builtin::Hwcap => Some("[]".len() + 8 * "4294967295,".len() + 8),
        Builtin::MsVmGenid => Some("[]".len() + 16 * "255,".len() + 8),
        Builtin::Bitmap | Builtin::StringList | Builtin::KeyValueList | Builtin::CpuidPolicyList | Builtin::EvLink => {
            None
        }
    }
}

fn builtin_value(code: &mut Code, builtin: Builtin, value: &TokenStream) -> Result<(), String> {
    let encode = format_ident!("{}", short(builtin.name()));
    match (builtin, builtin_bytes(builtin)) {
        (_, Some(bytes)) => code.bounded(bytes, &quote!(#encode(&mut pen, &#value);)),
        (Builtin::CpuidPolicyList, _) => code.unbounded(&quote!(#encode(xl, w, #value);)),
        (Builtin::StringList | Builtin::KeyValueList, _) => {
            code.unbounded(&quote!(#encode(w, #value);));
        }
        (Builtin::Bitmap, _) => code.unbounded(&quote!(#encode(w, &#value);)),
        _ => return Err("a builtin without a JSON form".to_owned()),
    }
    Ok(())
}
