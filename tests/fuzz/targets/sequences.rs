//! Well-formed messages of clients that lie, drawn from the input, through the guard and into a document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unisson_fuzz::kit::Input;
use unisson_fuzz::kit::sequences;

fuzz_target!(|data: &[u8]| {
    if let Err(error) = sequences::well_formed(&mut Input(data)) {
        panic!("{error}");
    }
});
