//! Why bytes that claim to be part of the protocol are not.
//!
//! One variant per reason, each with a static code that may be counted, logged and sent to the client.

use thiserror::Error;

/// A structural fault of a message. The message is refused whole and nothing is changed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Malformed {
    #[error("the bytes end in the middle of a value")]
    UnexpectedEnd,
    #[error("bytes are left over after the last value")]
    TrailingBytes,
    #[error("the message is larger than this format is read at")]
    TooLarge,
    #[error("a number has more than 53 bits")]
    NumberTooLarge,
    #[error("a count is larger than the bytes left can hold")]
    CountTooLarge,
    #[error("a clock reaches 2^31 or more")]
    ClockTooLarge,
    #[error("a text is not valid UTF-8")]
    InvalidUtf8,
    #[error("a text that must be JSON is not")]
    InvalidJson,
    #[error("a client has two sections in one update")]
    DuplicateSection,
    #[error("a client's section holds no structure")]
    EmptySection,
    #[error("a structure has no length")]
    EmptyStruct,
    #[error("a structure has flags that its kind does not have")]
    InvalidFlags,
    #[error("a structure's parent is neither a name nor an id")]
    InvalidParent,
    #[error("a structure refers to itself or to a later one of its own client")]
    ForwardReference,
    #[error("a structure has a content of unknown kind")]
    UnknownContent,
    #[error("contents of the retired kind ContentJSON are not supported")]
    ContentJson,
    #[error("a shared type is of unknown kind")]
    UnknownType,
    #[error("shared types of the kind XmlHook are not supported")]
    XmlHook,
    #[error("a sub-document has no options")]
    InvalidSubDocument,
    #[error("a value is of unknown kind")]
    UnknownValue,
    #[error("a value is nested too deeply")]
    ValueTooDeep,
    #[error("a client is listed twice")]
    DuplicateClient,
    #[error("more entries than allowed")]
    TooManyEntries,
    #[error("an entry is larger than allowed")]
    EntryTooLarge,
    #[error("written by a version that is not known here")]
    UnknownVersion,
    #[error("the parts contradict one another")]
    Inconsistent,
}

impl Malformed {
    /// A stable name for metrics and refusals.
    pub fn code(&self) -> &'static str {
        match self {
            Malformed::UnexpectedEnd => "unexpected-end",
            Malformed::TrailingBytes => "trailing-bytes",
            Malformed::TooLarge => "too-large",
            Malformed::NumberTooLarge => "number-too-large",
            Malformed::CountTooLarge => "count-too-large",
            Malformed::ClockTooLarge => "clock-too-large",
            Malformed::InvalidUtf8 => "invalid-utf8",
            Malformed::InvalidJson => "invalid-json",
            Malformed::DuplicateSection => "duplicate-section",
            Malformed::EmptySection => "empty-section",
            Malformed::EmptyStruct => "empty-struct",
            Malformed::InvalidFlags => "invalid-flags",
            Malformed::InvalidParent => "invalid-parent",
            Malformed::ForwardReference => "forward-reference",
            Malformed::UnknownContent => "unknown-content",
            Malformed::ContentJson => "content-json",
            Malformed::UnknownType => "unknown-type",
            Malformed::XmlHook => "xml-hook",
            Malformed::InvalidSubDocument => "invalid-sub-document",
            Malformed::UnknownValue => "unknown-value",
            Malformed::ValueTooDeep => "value-too-deep",
            Malformed::DuplicateClient => "duplicate-client",
            Malformed::TooManyEntries => "too-many-entries",
            Malformed::EntryTooLarge => "entry-too-large",
            Malformed::UnknownVersion => "unknown-version",
            Malformed::Inconsistent => "inconsistent",
        }
    }
}
