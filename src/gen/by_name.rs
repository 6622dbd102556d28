//! A table in which each name has a place of its own.
//!
//! In: names, each with a number. Out: the text of an `api::by_name::ByName`. Names that share a bucket are moved
//! together, the fullest bucket first, until all of them fall on free places.

use proc_macro2::TokenStream;
use quote::quote;

use super::hash::{bucket, hash, place};

/// The text of the table.
///
/// # Panics
/// If two names are the same, or cannot be kept apart.
pub fn emit(names: &[(String, usize)]) -> TokenStream {
    let (buckets, room) = (names.len().div_ceil(4).next_power_of_two(), (names.len() * 3 / 2).next_power_of_two());
    let mut places: Vec<Option<&(String, usize)>> = vec![None; room];
    let mut displacements = vec![0; buckets];
    let hash_of = |name: &(String, usize)| hash(name.0.as_bytes());
    let mut order: Vec<(usize, Vec<&(String, usize)>)> = (0..buckets)
        .map(|at| (at, names.iter().filter(|name| bucket(hash_of(name), buckets) == at).collect()))
        .collect();
    order.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    for (at, together) in order {
        let fits = |displacement: &u16| {
            let mut wanted: Vec<usize> =
                together.iter().map(|name| place(hash_of(name), *displacement, room)).collect();
            wanted.sort_unstable();
            wanted.windows(2).all(|two| two[0] != two[1]) && wanted.iter().all(|&place| places[place].is_none())
        };
        let displacement = (0..=u16::MAX).find(fits).expect("names that a hash tells apart");
        displacements[at] = displacement;
        for name in together {
            places[place(hash_of(name), displacement, room)] = Some(name);
        }
    }
    let places = places.into_iter().map(|name| {
        let (name, number) = name.map_or(("", 0), |(name, number)| (name.as_str(), *number));
        let number = u16::try_from(number).expect("fewer than 65536 methods");
        quote!((#name, #number))
    });
    quote!(ByName { displacements: &[#(#displacements),*], places: &[#(#places),*] })
}
