//! One method's code: read the parameters, call, take over what libxl hands out, encode it.
//!
//! In: a method's plan. Out: a Rust function. How parameters are read is `emit_input`'s affair, how results are encoded
//! `emit_result`'s. Comments in quoted code are for readers of this page: they do not survive into the output.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::args::{Arg, Input, Read};
use super::emit_input::{inputs, length, passed, read_all, variable};
use super::emit_result as result;
use super::model::{Int, Type};
use super::plan::{List, Method, Returned, short};

/// One method's code, in the order in which it runs.
#[derive(Default)]
struct Steps {
    /// Makes room for what libxl writes.
    room: TokenStream,
    /// What is passed.
    passed: Vec<TokenStream>,
    /// Takes over what libxl wrote, so that it is freed whatever happens next.
    take: TokenStream,
    /// Names and encoders of the results.
    results: Vec<(String, TokenStream)>,
}

/// The function of that method.
pub fn function(method: &Method<'_>) -> TokenStream {
    let (name, symbol) = (format_ident!("{}", method.name), format_ident!("{}", method.function.name));
    let read = read_all(method);
    let mut steps = Steps::default();
    for arg in &method.args {
        steps.arg(method, arg);
    }
    let look = returned(method, &mut steps);
    let (room, passed, take) = (&steps.room, &steps.passed, &steps.take);
    let one_by_one = method.one_by_one.map(|one| result::one_by_one(method, one));
    let guard = method.after_domain_info.then(|| quote!(super::domain::check_is_there(call, domid)?;));
    let lookup = method.after_lookup.map(|(device, param)| look_up(method, device, param));
    let asynchronous = method.args.iter().any(|arg| matches!(arg, Arg::How));
    let finish = asynchronous.then(|| quote!(let returned = call.xl.finish(returned);));
    let key = method.key_from.map(|key| set_keys(method, key));
    let encode = result::all(&steps.results);
    let doc = format!(" `{}`", method.function.name);
    quote! {
        #[doc = #doc]
        fn #name<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
            let functions = call.xl.functions();
            let function = present(functions.#symbol)?;
            #read
            #one_by_one
            #guard
            #lookup
            #room
            // SAFETY: the table holds this very function; strings lie in the input buffer and structs in the arena
            // until the message is answered, and libxl writes through pointers to the variables above only until it is
            // done.
            let returned = unsafe { function(#(#passed),*) };
            #finish
            #take
            #look
            #key
            #encode
            Ok(())
        }
    }
}

/// Ends the call with libxl's error if there is no such device.
fn look_up(method: &Method<'_>, device: &str, param: &str) -> TokenStream {
    let (ty, lookup) = (format_ident!("libxl_{device}"), format_ident!("libxl_devid_to_{device}"));
    let number = variable(param);
    let is_struct = |input: &Input<'_>| input.name == param && matches!(input.read, Read::Lent(_));
    let number = if inputs(method).any(is_struct) { quote!(#number.devid) } else { quote!(#number) };
    quote! {
        let look_up = present(functions.#lookup)?;
        let mut found = Owned::<#ty>::new(functions);
        // SAFETY: the table holds this very function, and `found` is initialised.
        check(unsafe { look_up(call.xl.ctx(), domid, #number, found.as_mut_ptr()) })?;
    }
}

/// The Rust type, and the function of `Args` that reads it.
pub fn int_name(int: Int) -> &'static str {
    match int {
        Int::U8 => "u8",
        Int::U16 => "u16",
        Int::U32 => "u32",
        Int::U64 => "u64",
        Int::I32 => "i32",
        Int::I64 => "i64",
    }
}

impl Steps {
    fn arg(&mut self, method: &Method<'_>, arg: &Arg<'_>) {
        match arg {
            Arg::Ctx => self.passed.push(quote!(call.xl.ctx())),
            Arg::How => self.passed.push(quote!(call.xl.how())),
            Arg::Null => self.passed.push(quote!(::core::ptr::null())),
            Arg::Input(input) => self.input(method, input),
            Arg::Descriptor { name, optional } => self.descriptor(name, *optional),
            Arg::Length { of } => self.passed.push(length(method, of)),
            Arg::Bytes { name } => self.bytes(name),
            Arg::Scalar { name, ty, redundant } => self.scalar(method, name, ty, *redundant),
            Arg::Text { name } => self.text(name),
            Arg::Value { name, ty, allocate, gone_on_failure } => {
                self.value(method, name, ty, *allocate);
                if *gone_on_failure {
                    self.leave_on_failure(name);
                }
            }
            Arg::List { name, list } => self.list(method, name, list),
            Arg::Count { signed } => self.count(*signed),
        }
    }

    fn input(&mut self, method: &Method<'_>, input: &Input<'_>) {
        self.passed.push(passed(input));
        let variable = variable(input.name);
        match &input.read {
            Read::Copied { ty, returned: true } => {
                self.results.push((result::name(input.name), result::value(method, ty, &quote!(&#variable))));
            }
            Read::InOutInteger { .. } => {
                self.results.push((result::name(input.name), quote!(call.writer.integer(#variable.into());)));
            }
            _ => {}
        }
    }

    /// It stays open until the operation is complete.
    fn descriptor(&mut self, name: &str, optional: bool) {
        let variable = variable(name);
        if optional {
            self.room.extend(quote!(let #variable = call.descriptors.take();));
            self.passed.push(quote!(#variable.as_ref().map_or(-1, AsRawFd::as_raw_fd)));
        } else {
            self.room.extend(quote!(let #variable = call.descriptor()?;));
            self.passed.push(quote!(#variable.as_raw_fd()));
        }
    }

    /// Room in a variable of its own.
    fn variable(&mut self, name: &str, initial: &TokenStream) -> proc_macro2::Ident {
        let variable = variable(name);
        self.room.extend(quote!(let mut #variable = #initial;));
        self.passed.push(quote!(&raw mut #variable));
        variable
    }

    fn scalar(&mut self, method: &Method<'_>, name: &str, ty: &Type, redundant: bool) {
        let initial = match ty {
            Type::Int(int) => {
                let ty = format_ident!("{}", int_name(*int));
                quote!(0 as #ty)
            }
            _ => quote!(0),
        };
        let initial = if redundant { quote!(0) } else { initial };
        let variable = self.variable(name, &initial);
        if !redundant {
            let encode = result::value(method, ty, &quote!(#variable));
            self.results.push((result::name(name), encode));
        }
    }

    fn text(&mut self, name: &str) {
        let variable = self.variable(name, &quote!(::core::ptr::null_mut()));
        self.take.extend(quote! {
            // SAFETY: null, or a string from malloc that libxl gives away.
            let #variable = unsafe { Text::new(#variable) };
        });
        self.results.push((result::name(name), quote!(super::result::text(call, &#variable)?;)));
    }

    fn value(&mut self, method: &Method<'_>, name: &str, ty: &Type, allocate: Option<&str>) {
        let (variable, ty_name) = (variable(name), type_name(ty));
        self.room.extend(quote!(let mut #variable = Owned::<#ty_name>::new(functions);));
        if let Some(allocate) = allocate {
            let allocate = format_ident!("{allocate}");
            self.room.extend(quote! {
                let allocate = present(functions.#allocate)?;
                // SAFETY: an empty bitmap, for which libxl allocates as many bits as the host has.
                check(unsafe { allocate(call.xl.ctx(), #variable.as_mut_ptr(), 0) })?;
            });
        }
        self.passed.push(quote!(#variable.as_mut_ptr()));
        self.results.push((result::name(name), result::value(method, ty, &quote!(&#variable))));
    }

    /// libxl has freed some of it: disposing of it would free that again.
    fn leave_on_failure(&mut self, name: &str) {
        let variable = variable(name);
        self.take.extend(quote! {
            if returned != 0 {
                ::core::mem::forget(#variable);
                return Err(Failure::Libxl(returned));
            }
        });
    }

    fn list(&mut self, method: &Method<'_>, name: &str, list: &List<'_>) {
        let variable = self.variable(name, &quote!(::core::ptr::null_mut()));
        self.take_list(&variable, &quote!(#variable), list);
        self.results.push((result::name(name), result::list(method, list, &variable)));
    }

    fn bytes(&mut self, name: &str) {
        let variable = self.variable(name, &quote!(::core::ptr::null_mut()));
        self.take.extend(quote! {
            // SAFETY: null, or that many bytes from malloc that libxl gives away.
            let #variable = unsafe { Bytes::new(#variable, count) };
        });
        self.results.push((result::name(name), quote!(call.writer.base64(&#variable);)));
    }

    fn take_list(&mut self, variable: &proc_macro2::Ident, first: &TokenStream, list: &List<'_>) {
        let make = match &list.free {
            Some(free) => {
                let free = format_ident!("{free}");
                quote!(List::new(#first, count, functions.#free))
            }
            None => quote!(List::by_element(#first, count, functions)),
        };
        self.take.extend(quote! {
            // SAFETY: null, or an array of that many elements that libxl gives away.
            let mut #variable = unsafe { #make };
        });
    }

    /// -1 is what libxl leaves there when it fails in silence.
    fn count(&mut self, signed: bool) {
        if signed {
            self.room.extend(quote!(let mut count: i32 = -1;));
        } else {
            self.room.extend(quote!(let mut count: u32 = 0;));
        }
        self.passed.push(quote!(&raw mut count));
    }
}

/// Looks at the return value, and puts it before the other results if it is one.
fn returned(method: &Method<'_>, steps: &mut Steps) -> TokenStream {
    let negative = quote!(if returned < 0 {
        return Err(Failure::Libxl(returned));
    });
    let integer = quote!(call.writer.integer(returned.into()););
    let name = || method.name.to_owned();
    match &method.returned {
        Returned::Code => quote!(check(returned)?;),
        Returned::Number => {
            steps.results.insert(0, (name(), integer));
            negative
        }
        Returned::Enumeration(described) => {
            let (encode, ty) = (format_ident!("{}", short(described)), format_ident!("{described}"));
            steps.results.insert(0, (name(), quote!(call.writer.raw(encode::#encode(returned as #ty).as_bytes());)));
            negative
        }
        Returned::Truth => {
            // What libxl writes besides means something only when it is true.
            for (_, encode) in &mut steps.results {
                *encode = quote!(if returned != 0 { #encode } else { call.writer.raw(b"null"); });
            }
            steps.results.insert(0, (name(), quote!(super::result::truth(call, returned != 0);)));
            quote!()
        }
        Returned::AllOnesIsNone => {
            steps.results.insert(0, (name(), integer));
            quote!(if returned == !0 {
                return Err(Failure::NoValue);
            })
        }
        Returned::Text => {
            steps.take.extend(quote! {
                // SAFETY: null, or a string from malloc that libxl gives away.
                let returned = unsafe { Text::new(returned) };
            });
            steps.results.insert(0, (name(), quote!(super::result::text(call, &returned)?;)));
            quote!()
        }
        Returned::Borrowed(ty) => {
            steps.results.insert(0, (name(), result::value(method, ty, &quote!(returned))));
            quote! {
                // SAFETY: null, or a struct that lives as long as the context.
                let returned = unsafe { returned.as_ref() }.ok_or(Failure::NoValue)?;
            }
        }
        Returned::List(list) => {
            let variable = format_ident!("returned");
            steps.take.extend(quote!(let failed = super::result::list_failed(call, returned.is_null(), count);));
            steps.take_list(&variable, &quote!(returned), list);
            steps.results.insert(0, (name(), result::list(method, list, &variable)));
            quote!(if failed {
                return Err(Failure::NoValue);
            })
        }
    }
}

/// A struct's or builtin's name in the bindings.
pub fn type_name(ty: &Type) -> proc_macro2::Ident {
    match ty {
        Type::Struct(name) => format_ident!("{name}"),
        Type::Builtin(builtin) => format_ident!("{}", builtin.name()),
        other => unreachable!("args makes no value of {other:?}"),
    }
}

/// Writes the union's key that libxl leaves out into every element.
fn set_keys(method: &Method<'_>, key: &str) -> TokenStream {
    let list =
        method.args.iter().find_map(|arg| if let Arg::List { name, .. } = arg { Some(variable(name)) } else { None });
    let (list, key) = (list.expect("a key is set for the elements of a list"), variable(key));
    quote!(#list.iter_mut().for_each(|element| element.type_ = #key);)
}
