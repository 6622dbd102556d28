//! What clients can send and get, as a list for people: what differs between releases shows as a difference of it.
//!
//! In: the model and the fates. Out: text: a line a method with its parameters, in the order of the headers; a line a
//! field of each type, with the field's type; a line a value of each enumeration. Results are not in it.

use super::model::{Enum, Field, Function, Int, Model, Shape, Struct, Type};
use super::plan::{Fate, short};
use super::table::{methods, row};

/// The text.
pub fn text(model: &Model, fates: &[(&Function, Fate<'_>)]) -> String {
    let mut lines: Vec<String> =
        methods(fates).map(row).map(|row| format!("{}({})", row.name, row.params.join(", "))).collect();
    for of in model.structs.values() {
        fields(of, short(&of.name), &mut lines);
    }
    lines.extend(model.enums.values().flat_map(values));
    lines.join("\n") + "\n"
}

fn values(of: &Enum) -> impl Iterator<Item = String> {
    of.values.iter().map(|value| format!("{}: {} = {}", short(&of.name), value.name, value.value))
}

fn fields(of: &Struct, path: &str, lines: &mut Vec<String>) {
    of.fields.iter().for_each(|of| field(of, path, lines));
}

/// A keyed union's members are named as in JSON: `type.hvm`.
fn field(field: &Field, path: &str, lines: &mut Vec<String>) {
    let path_of = |name: &str| format!("{path}.{name}");
    match &field.shape {
        Shape::Value(ty) => lines.push(format!("{}: {}", path_of(&field.name), name(ty))),
        Shape::Array { element, .. } => lines.push(format!("{}: [{}]", path_of(&field.name), name(element))),
        Shape::Inline(of) => fields(of, &path_of(&field.name), lines),
        Shape::Union(union) => {
            for member in &union.members {
                let path = path_of(&format!("{}.{}", union.key, member.name));
                match &member.content {
                    Some(of) => fields(of, &path, lines),
                    None => lines.push(path),
                }
            }
        }
        Shape::Private => {}
    }
}

/// A type, by libxl's name or C's.
fn name(ty: &Type) -> &str {
    match ty {
        _ if ty.is_string() => "string",
        Type::Bool => "bool",
        Type::Int(Int::U8) => "uint8",
        Type::Int(Int::U16) => "uint16",
        Type::Int(Int::U32) => "uint32",
        Type::Int(Int::U64) => "uint64",
        Type::Int(Int::I32) => "int",
        Type::Int(Int::I64) => "int64",
        Type::Enum(name) | Type::Struct(name) | Type::Other(name) => short(name),
        Type::Builtin(builtin) => short(builtin.name()),
        Type::Void | Type::Char | Type::Pointer { .. } => "?",
    }
}
