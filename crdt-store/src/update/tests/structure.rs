//! What parsing refuses, each for its own reason, and what it must not refuse.

use bytes::Bytes;

use super::build::{Build, child_text, gc, key_text, only, root_text, root_type, root_value, skip, text, update};
use super::{Malformed, Update, lib0};

fn refusal(bytes: Bytes) -> Malformed {
    match Update::parse(bytes.clone()) {
        Err(reason) => reason,
        Ok(_) => panic!("taken: {bytes:?}"),
    }
}

#[test]
fn every_structural_fault_is_refused_for_its_reason() {
    let content = |reference: u8, rest: &[u8]| only(Build::new().raw(&[reference]).uint(1).text("r").raw(rest).0);
    let deep = |levels: usize| root_value(&[[0x75, 1].repeat(levels), vec![0x7e]].concat());
    let cases: Vec<(&str, Bytes, Malformed)> = vec![
        ("nothing", Bytes::new(), Malformed::UnexpectedEnd),
        ("no delete set", Bytes::from_static(&[0]), Malformed::UnexpectedEnd),
        ("one byte more", Bytes::from_static(&[0, 0, 0]), Malformed::TrailingBytes),
        ("many sections", Bytes::from_static(&[0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0]), Malformed::CountTooLarge),
        ("54 bits", Bytes::from_static(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]), Malformed::NumberTooLarge),
        (
            "nine bytes",
            Bytes::from_static(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]),
            Malformed::NumberTooLarge,
        ),
        (
            "many structures",
            Bytes::from(Build::new().uint(1).uint(1 << 30).uint(1).uint(0).raw(&[0; 9]).0),
            Malformed::CountTooLarge,
        ),
        ("a late start", update(&[(1, 1 << 31, vec![gc(1)])], &[]), Malformed::ClockTooLarge),
        ("a long structure", update(&[(1, 5, vec![gc((1 << 31) - 5)])], &[]), Malformed::ClockTooLarge),
        ("a late delete", update(&[], &[(1, (1 << 31) - 1, 1)]), Malformed::ClockTooLarge),
        ("a late origin", only(text(Some((2, 1 << 31)), None, "x")), Malformed::ClockTooLarge),
        ("two sections", update(&[(1, 0, vec![gc(1)]), (1, 1, vec![gc(1)])], &[]), Malformed::DuplicateSection),
        ("no structures", Bytes::from_static(&[1, 0, 1, 0, 0, 0, 0]), Malformed::EmptySection),
        ("an empty GC", only(gc(0)), Malformed::EmptyStruct),
        ("an empty Skip", only(skip(0)), Malformed::EmptyStruct),
        ("an empty text", only(root_text("r", "")), Malformed::EmptyStruct),
        ("no values", content(8, &[0]), Malformed::EmptyStruct),
        ("nothing deleted", content(1, &[0]), Malformed::EmptyStruct),
        ("a GC with an origin", only(Build::new().raw(&[0x80, 1, 0, 1]).0), Malformed::InvalidFlags),
        ("a Skip with a key", only(Build::new().raw(&[0x2a, 1, 1]).0), Malformed::InvalidFlags),
        ("parent flag 2", only(Build::new().raw(&[4, 2]).text("r").text("x").0), Malformed::InvalidParent),
        ("an origin in itself", only(text(Some((1, 0)), None, "x")), Malformed::ForwardReference),
        ("a right origin ahead", only(text(None, Some((1, 7)), "x")), Malformed::ForwardReference),
        ("its own child", only(child_text((1, 0), "x")), Malformed::ForwardReference),
        ("ContentJSON", content(2, &[1, 1, b'1']), Malformed::ContentJson),
        ("content 11", content(11, &[1]), Malformed::UnknownContent),
        ("content 20, which yrs reads as 4", content(20, &[1, b'a']), Malformed::UnknownContent),
        ("XmlHook", content(7, &[5, 1, b'h']), Malformed::XmlHook),
        ("a weak link", content(7, &[7, 0]), Malformed::UnknownType),
        ("yrs's undefined type", content(7, &[15]), Malformed::UnknownType),
        ("a type of two bytes", content(7, &[0x81, 0]), Malformed::UnknownType),
        ("a sub-document without options", content(9, &[1, b'g', 0x7e]), Malformed::InvalidSubDocument),
        ("an unknown value", only(root_value(&[0x73])), Malformed::UnknownValue),
        ("65 levels", only(deep(65)), Malformed::ValueTooDeep),
        ("a long array", only(root_value(&[0x75, 0xff, 0xff, 0x7f, 0x7e])), Malformed::CountTooLarge),
        ("a large map", only(root_value(&[0x76, 3, 0, 0x7e])), Malformed::CountTooLarge),
        ("a text cut short", only(root_value(&[0x77, 9, b'a'])), Malformed::UnexpectedEnd),
        ("a text that is none", content(4, &[2, 0xc3, 0x28]), Malformed::InvalidUtf8),
        ("a root name that is none", only(Build::new().raw(&[4, 1, 1, 0xff]).text("x").0), Malformed::InvalidUtf8),
        ("JSON undefined", content(5, &Build::new().text("undefined").0), Malformed::InvalidJson),
        ("JSON with half a character", content(5, &Build::new().text("\"\\ud800\"").0), Malformed::InvalidJson),
        ("JSON out of range", content(5, &Build::new().text("1e999").0), Malformed::InvalidJson),
        ("JSON too deep", content(5, &Build::new().text(&"[".repeat(5000)).0), Malformed::InvalidJson),
        ("JSON not in UTF-8", content(5, &[3, b'"', 0xff, b'"']), Malformed::InvalidUtf8),
        ("a format of no value", content(6, &Build::new().text("bold").text("").0), Malformed::InvalidJson),
        ("deletes of a client twice", update(&[], &[(1, 0, 1), (1, 5, 1)]), Malformed::DuplicateClient),
        ("many deletes", Bytes::from_static(&[0, 1, 1, 0xff, 0xff, 0x7f, 0, 0]), Malformed::CountTooLarge),
    ];
    for (what, bytes, reason) in cases {
        assert_eq!(refusal(bytes), reason, "{what}");
    }
}

#[test]
fn what_clients_write_is_taken() {
    let value_64_deep = root_value(&[[0x75, 1].repeat(64), vec![0x7e]].concat());
    let subdocument = Build::new().raw(&[9]).uint(1).text("r").text("guid").raw(&[0x76, 0]).0;
    let values = [
        &[0x7f][..],
        &[0x7e],
        &[0x7d, 0xbf, 0xff, 0xff, 0x7f],
        &[0x7d, 0x40],
        &[0x7c, 0, 0, 0, 0],
        &[0x7b, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x7a, 0xff, 0, 0, 0, 0, 0, 0, 0],
        &[0x79],
        &[0x78],
        &[0x77, 2, 0xc3, 0xa9],
        &[0x76, 1, 1, b'k', 0x7e],
        &[0x74, 3, 1, 2, 3],
    ];
    for value in values {
        assert!(Update::parse(only(root_value(value))).is_ok(), "{value:?}");
    }
    for structure in [value_64_deep, subdocument, key_text("r", "k", "x"), gc(7), skip(3)] {
        assert!(Update::parse(only(structure.clone())).is_ok(), "{structure:?}");
    }
    for kind in [0, 1, 2, 4, 6] {
        assert!(Update::parse(only(root_type(kind))).is_ok(), "{kind}");
    }
    // Zero groups that pad a number are read by Yjs and yrs alike.
    let padded = Build::new().uint(1).uint(1).raw(&[0x81, 0x80, 0]).uint(0).raw(&gc(1)).uint(0).0;
    assert_eq!(Update::parse(Bytes::from(padded)).expect("taken").clients().next(), Some((1, 0..1)));
}

#[test]
fn text_is_measured_in_utf16() {
    for (text, len) in [("a", 1), ("é", 1), ("😀", 2), ("a😀é", 4), ("longer than sixteen bytes 😀😀", 30)] {
        let update = Update::parse(only(root_text("r", text))).expect("taken");
        assert_eq!(update.clients().collect::<Vec<_>>(), vec![(1, 0..len)], "{text}");
    }
}

#[test]
fn an_outline_is_bounded_by_the_bytes() {
    // Two bytes a structure is the worst.
    let bytes = update(&[(1, 0, vec![gc(1); 10_000])], &[]);
    let update = Update::parse(bytes.clone()).expect("taken");
    assert_eq!(update.structs_count(), 10_000);
    assert_eq!(std::mem::size_of_val(&update.records[0]), 12);
    assert_eq!(std::mem::size_of::<super::parse::Id>(), 8);
}

#[test]
fn numbers_are_read_up_to_53_bits() {
    for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), lib0::MAX_SAFE_INTEGER] {
        let mut out = Vec::new();
        lib0::write_var_uint(&mut out, value);
        let mut input = out.as_slice();
        assert_eq!(lib0::read_var_uint(&mut input), Ok(value));
        assert!(input.is_empty());
    }
    // Near the end of the input and far from it they are read alike.
    for seed in 0..3000 {
        let value = super::generate::Seeded(seed).next() >> (seed % 64);
        let mut out = Vec::new();
        lib0::write_var_uint(&mut out, value);
        let expected = if value > lib0::MAX_SAFE_INTEGER { Err(Malformed::NumberTooLarge) } else { Ok(value) };
        assert_eq!(lib0::read_var_uint(&mut out.as_slice()), expected, "{value}");
        let len = out.len();
        out.extend_from_slice(&[0xff; 9]);
        let mut input = out.as_slice();
        assert_eq!(lib0::read_var_uint(&mut input), expected, "{value}");
        assert!(expected.is_err() || input.len() == out.len() - len);
    }
    for (bytes, value) in [(&[0x40][..], 0), (&[0x41], -1), (&[0x3f], 63), (&[0x80, 1], 64), (&[0xc0, 1], -64)] {
        let mut input = bytes;
        assert_eq!(lib0::read_var_int(&mut input), Ok(value));
    }
    assert_eq!(lib0::read_var_int(&mut &[0xff_u8; 9][..]), Err(Malformed::NumberTooLarge));
}
