//! The headers, read.
//!
//! In: what bindgen made of the headers. Out: a [`Model`]. It relies on how libxl's own generator writes headers: a
//! count stands directly before its array, a key directly before its union. It decides nothing about methods.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Expr, Item, ReturnType};

use super::model::is_anonymous;
use super::model::{Builtin, Enum, Enumerator, Field, Function, Int, Member, Model, Shape, Struct, Type, Union};

/// The items of the bindings, by what they are.
#[derive(Debug, Default)]
struct Bindings {
    structs: BTreeMap<String, syn::ItemStruct>,
    unions: BTreeMap<String, syn::ItemUnion>,
    aliases: BTreeMap<String, syn::Type>,
    /// Constants by the name of their type.
    constants: BTreeMap<String, Vec<(String, i64)>>,
    functions: Vec<syn::ForeignItemFn>,
    /// Types that libxl converts to JSON: those it describes.
    described: BTreeSet<String>,
}

/// Reads the bindings.
///
/// # Errors
/// A construct that the rules do not cover, by name.
pub fn model(file: &syn::File) -> Result<Model, String> {
    let bindings = Bindings::sort(file);
    let mut model = Model::default();
    for name in &bindings.described {
        if let Some(item) = bindings.structs.get(name).filter(|_| Builtin::named(name).is_none()) {
            model.structs.insert(name.clone(), bindings.structure(item)?);
        } else if bindings.constants.contains_key(name) {
            model.enums.insert(name.clone(), bindings.enumeration(name)?);
        }
    }
    model.functions = bindings.functions.iter().map(|item| bindings.function(item)).collect();
    Ok(model)
}

impl Bindings {
    fn sort(file: &syn::File) -> Self {
        let mut bindings = Self::default();
        for item in &file.items {
            match item {
                Item::Struct(item) => bindings.structs.extend([(item.ident.to_string(), item.clone())]),
                Item::Union(item) => bindings.unions.extend([(item.ident.to_string(), item.clone())]),
                Item::Type(item) => {
                    bindings.aliases.extend([(item.ident.to_string(), (*item.ty).clone())]);
                }
                Item::Const(item) => bindings.constant(item),
                Item::Use(item) => bindings.renamed(&item.tree),
                Item::ForeignMod(block) => bindings.foreign(block),
                _ => {}
            }
        }
        bindings
    }

    /// A typedef of an enumeration: `pub use self::libxl_psr_cbm_type as libxl_psr_type`.
    fn renamed(&mut self, tree: &syn::UseTree) {
        let syn::UseTree::Path(path) = tree else {
            return;
        };
        if let syn::UseTree::Rename(name) = &*path.tree {
            let original = &name.ident;
            self.aliases.insert(name.rename.to_string(), syn::parse_quote!(#original));
        }
    }

    fn constant(&mut self, item: &syn::ItemConst) {
        if let (Some(name), Some(value)) = (last_segment(&item.ty), literal(&item.expr)) {
            self.constants.entry(name).or_default().push((item.ident.to_string(), value));
        }
    }

    fn foreign(&mut self, block: &syn::ItemForeignMod) {
        for item in &block.items {
            let syn::ForeignItem::Fn(function) = item else {
                continue;
            };
            let name = function.sig.ident.to_string();
            if let Some(described) = name.strip_suffix("_to_json") {
                self.described.insert(described.to_owned());
            }
            self.functions.push(function.clone());
        }
    }

    fn function(&self, item: &syn::ForeignItemFn) -> Function {
        let signature = &item.sig;
        let params = signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(typed) => {
                let syn::Pat::Ident(name) = &*typed.pat else {
                    return None;
                };
                Some((c_name(&name.ident.to_string()), self.c_type(&typed.ty)))
            }
            syn::FnArg::Receiver(_) => None,
        });
        let returns = match &signature.output {
            ReturnType::Default => Type::Void,
            ReturnType::Type(_, ty) => self.c_type(ty),
        };
        Function {
            name: signature.ident.to_string(),
            params: params.collect(),
            returns,
            // bindgen gives an inline function as a wrapper of another name.
            inline: item.attrs.iter().any(|attribute| attribute.path().is_ident("link_name")),
            signature: signature.clone(),
        }
    }

    fn enumeration(&self, name: &str) -> Result<Enum, String> {
        let prefix = match name {
            "libxl_error" => "ERROR_".to_owned(),
            _ => format!("{}_", name.to_uppercase()),
        };
        let enumerator = |(constant, value): &(String, i64)| {
            let name =
                constant.strip_prefix(&prefix).ok_or_else(|| format!("{constant} does not begin with {prefix}"))?;
            Ok(Enumerator { constant: constant.clone(), name: name.to_lowercase(), value: *value })
        };
        let constants = self.constants.get(name).ok_or_else(|| format!("{name} is no enumeration"))?;
        let values: Result<Vec<_>, String> = constants.iter().map(enumerator).collect();
        Ok(Enum { name: name.to_owned(), values: values? })
    }

    fn structure(&self, item: &syn::ItemStruct) -> Result<Struct, String> {
        let name = item.ident.to_string();
        let mut fields: Vec<Field> = Vec::new();
        for field in &item.fields {
            let ident = field.ident.as_ref().ok_or_else(|| format!("{name} has a field without a name"))?.to_string();
            let previous = fields.last().map(|field| (field.name.clone(), field.ident.clone()));
            let shape = self.shape(&field.ty, previous.as_ref()).map_err(|why| format!("{name}.{ident}: {why}"))?;
            if matches!(shape, Shape::Array { .. } | Shape::Union(_)) {
                // The field before is this one's count or key, no field of its own.
                fields.pop();
            }
            fields.push(Field { name: c_name(&ident), ident, shape });
        }
        Ok(Struct { name, fields })
    }

    fn shape(&self, ty: &syn::Type, previous: Option<&(String, String)>) -> Result<Shape, String> {
        let anonymous = last_segment(ty).filter(|name| is_anonymous(name));
        if let Some(name) = anonymous {
            return match (self.structs.get(&name), self.unions.get(&name)) {
                (Some(item), _) => Ok(Shape::Inline(self.structure(item)?)),
                (None, Some(item)) => Ok(Shape::Union(self.union(item, previous.ok_or("a union without a key")?)?)),
                _ => Err(format!("no type {name}")),
            };
        }
        match self.c_type(ty) {
            Type::Builtin(Builtin::EvLink) => Ok(Shape::Private),
            // The one constant string is no part of the configuration: libxl never copies or frees it.
            Type::Pointer { to, constant: true } if *to == Type::Char => Ok(Shape::Private),
            Type::Pointer { to, .. } if *to != Type::Char => match previous {
                Some((name, ident)) if name.starts_with("num_") => {
                    Ok(Shape::Array { count: ident.clone(), element: *to })
                }
                _ => Err("a pointer without a count before it".to_owned()),
            },
            Type::Other(name) => Err(format!("a field of type {name}")),
            value => Ok(Shape::Value(value)),
        }
    }

    fn union(&self, item: &syn::ItemUnion, (key, key_ident): &(String, String)) -> Result<Union, String> {
        let owner = item.ident.to_string();
        let owner = owner.split("__bindgen").next().unwrap_or_default();
        let field = &self.structs.get(owner).ok_or_else(|| format!("{owner} is no struct"))?.fields;
        let key_type = field
            .iter()
            .find(|field| field.ident.as_ref().is_some_and(|ident| ident == key_ident))
            .and_then(|field| last_segment(&field.ty))
            .ok_or("a key without a type")?;
        let members = self.enumeration(&key_type)?.values.into_iter().map(|value| {
            let member = item.fields.named.iter().find(|f| f.ident.as_ref().is_some_and(|i| *i == value.name));
            let content = member.map(|member| self.anonymous_struct(&member.ty)).transpose()?;
            Ok(Member { value: value.constant, name: value.name, content })
        });
        let members: Result<Vec<_>, String> = members.collect();
        Ok(Union { key: key.clone(), key_ident: key_ident.clone(), key_type, members: members? })
    }

    fn anonymous_struct(&self, ty: &syn::Type) -> Result<Struct, String> {
        let name = last_segment(ty).ok_or("a union member that is no struct")?;
        self.structure(self.structs.get(&name).ok_or_else(|| format!("no struct {name}"))?)
    }

    fn c_type(&self, ty: &syn::Type) -> Type {
        if let syn::Type::Ptr(pointer) = ty {
            let constant = matches!(pointer.mutability, syn::PointerMutability::Const(_));
            return Type::Pointer { to: Box::new(self.c_type(&pointer.elem)), constant };
        }
        let Some(name) = last_segment(ty) else {
            return Type::Other("of no name".to_owned());
        };
        match name.as_str() {
            "c_void" => Type::Void,
            "bool" => Type::Bool,
            "c_char" => Type::Char,
            "u8" | "c_uchar" => Type::Int(Int::U8),
            "u16" | "c_ushort" => Type::Int(Int::U16),
            "u32" | "c_uint" => Type::Int(Int::U32),
            "u64" | "usize" | "c_ulong" => Type::Int(Int::U64),
            "i32" | "c_int" => Type::Int(Int::I32),
            "i64" | "isize" | "c_long" => Type::Int(Int::I64),
            _ => self.named_type(name),
        }
    }

    fn named_type(&self, name: String) -> Type {
        if let Some(builtin) = Builtin::named(&name) {
            return Type::Builtin(builtin);
        }
        if self.described.contains(&name) {
            return if self.structs.contains_key(&name) { Type::Struct(name) } else { Type::Enum(name) };
        }
        match self.aliases.get(&name) {
            // Enumerations that libxl does not describe are aliases of integers, too.
            Some(alias) if !self.constants.contains_key(&name) => self.c_type(alias),
            _ => Type::Other(name),
        }
    }
}

/// A name as it is in C: bindgen appends `_` to Rust's keywords.
fn c_name(ident: &str) -> String {
    ident.strip_suffix('_').unwrap_or(ident).to_owned()
}

/// The last part of a type's path.
fn last_segment(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

/// The value of an integer literal, perhaps with a sign.
fn literal(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => number.base10_parse().ok(),
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => literal(expr).map(i64::wrapping_neg),
        _ => None,
    }
}
