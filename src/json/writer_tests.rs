//! The writer's bound: exact, harmless to what was there before, and a bound on memory too.

use super::Writer;

const BYTES_MAX: usize = 100;

#[test]
fn as_long_as_allowed_and_one_byte_longer() {
    for (bytes, overflows) in [(BYTES_MAX, false), (BYTES_MAX + 1, true)] {
        let mut out = b"before".to_vec();
        let mut writer = Writer::new(&mut out, BYTES_MAX);
        (0..bytes).for_each(|_| writer.raw(b"x"));
        assert_eq!(writer.overflowed(), overflows, "{bytes} bytes");
    }
}

#[test]
fn a_text_without_end_takes_bounded_memory() {
    let mut out = b"before".to_vec();
    let mut writer = Writer::new(&mut out, BYTES_MAX);
    (0..1000).for_each(|_| writer.text(&[b'x'; BYTES_MAX]));
    assert!(writer.overflowed());
    assert!(out.starts_with(b"before"));
    assert!(out.capacity() < 10 * BYTES_MAX, "{}", out.capacity());
}

#[test]
fn taken_back_it_is_as_if_nothing_had_been_written() {
    let mut out = b"before".to_vec();
    let mut writer = Writer::new(&mut out, BYTES_MAX);
    let mark = writer.mark();
    (0..1000).for_each(|_| writer.integer(i64::MIN));
    assert!(writer.overflowed());
    writer.undo(mark);
    assert!(!writer.overflowed());
    writer.string("sorry");
    assert!(!writer.overflowed());
    assert_eq!(out, b"before\"sorry\"");
}
