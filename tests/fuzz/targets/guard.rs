//! Several messages of any bytes, or of well-formed ones with some bytes changed, into one index; a document takes
//! what the guard takes of them.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use unisson_fuzz::kit::Input;
use unisson_fuzz::kit::guarded::Guarded;
use unisson_fuzz::kit::sequences;
use unisson_fuzz::update::{Rule, lib0};

fuzz_target!(|data: &[u8]| {
    let result = match data.split_first() {
        Some((first, rest)) if first % 2 == 1 => sequences::mutated(&mut Input(rest)),
        Some((_, rest)) => any_bytes(rest),
        None => Ok(()),
    };
    if let Err(error) = result {
        panic!("{error}");
    }
});

fn any_bytes(mut input: &[u8]) -> Result<(), String> {
    let mut guarded = Guarded::new();
    while !input.is_empty() {
        let bytes = match lib0::read_var_bytes(&mut input) {
            Ok(bytes) => Bytes::copy_from_slice(bytes),
            Err(_) => Bytes::copy_from_slice(std::mem::take(&mut input)),
        };
        let strip = bytes.len() % 2 == 0;
        guarded.message(bytes, strip, &mut |client| match client % 16 {
            14 => Rule::Aside,
            15 => Rule::Refuse,
            _ => Rule::Take,
        })?;
    }
    guarded.finish()
}
