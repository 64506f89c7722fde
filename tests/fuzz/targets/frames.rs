//! Everything that reads bytes of a socket or of the database, on any bytes; what was read is written again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use unisson_fuzz::update::{Index, StateVector, awareness, lib0};
use unisson_fuzz::wire::{hocuspocus, yjs};

fuzz_target!(|data: &[u8]| {
    let frame = Bytes::copy_from_slice(data);
    let _ = yjs::read(frame.clone());
    let _ = hocuspocus::read(frame);
    if let Ok(vector) = StateVector::decode(data) {
        assert_eq!(StateVector::decode(&vector.encode()), Ok(vector));
    }
    if let Ok(entries) = awareness::decode(data, 1000, 10_000) {
        assert_eq!(awareness::decode(&awareness::encode(&entries), 1000, 10_000), Ok(entries));
    }
    if let Ok(index) = Index::decode(data) {
        assert_eq!(Index::decode(&index.encode()), Ok(index));
    }
    let mut input = data;
    while let Ok(value) = lib0::read_var_uint(&mut input) {
        assert!(value <= lib0::MAX_SAFE_INTEGER);
    }
    let mut input = data;
    while lib0::read_var_string(&mut input).is_ok() {}
    let mut input = data;
    while let Ok(value) = lib0::read_var_int(&mut input) {
        assert!(value.unsigned_abs() <= lib0::MAX_SAFE_INTEGER);
    }
});
