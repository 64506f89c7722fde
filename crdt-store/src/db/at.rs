//! Times at rest: `timestamptz` on PostgreSQL, whole microseconds since 1970 on SQLite.
//!
//! sqlx writes times to SQLite as RFC 3339 text with as many digits as are needed,
//! and such text does not sort by time (`…12Z` after `…123Z`). Numbers do.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Decode, Encode, Postgres, Sqlite, Type, ValueRef};
use time::OffsetDateTime;
use time::macros::datetime;

/// A time as it is bound and read. `OffsetDateTime` everywhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At(pub OffsetDateTime);

impl At {
    /// Whole hours since 1970: what lists of documents have an index on.
    pub(crate) fn hour(self) -> i64 {
        self.0.unix_timestamp().div_euclid(3600)
    }

    /// As SQLite has it.
    pub(crate) fn micros(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
    }
}

/// A time that may be absent; for rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaybeAt(pub Option<OffsetDateTime>);

/// The first and the last moment that both engines know. A clock says none beyond them, but a list's cursor may.
const FIRST: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999999 UTC);

/// Cuts to microseconds, the precision of both engines.
pub(crate) fn cut(at: OffsetDateTime) -> OffsetDateTime {
    let micros = at.microsecond();
    at.replace_nanosecond(micros * 1000).unwrap_or(at)
}

fn micros(at: OffsetDateTime) -> Result<i64, BoxDynError> {
    Ok(i64::try_from(at.unix_timestamp_nanos() / 1000)?)
}

fn from_micros(micros: i64) -> Result<OffsetDateTime, BoxDynError> {
    Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)?)
}

impl Type<Sqlite> for At {
    fn type_info() -> <Sqlite as sqlx::Database>::TypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(kind: &<Sqlite as sqlx::Database>::TypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(kind)
    }
}

impl<'q> Encode<'q, Sqlite> for At {
    fn encode_by_ref(&self, buffer: &mut <Sqlite as sqlx::Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'q, Sqlite>>::encode(micros(self.0)?, buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for At {
    fn decode(value: <Sqlite as sqlx::Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        from_micros(<i64 as Decode<'r, Sqlite>>::decode(value)?).map(At)
    }
}

impl Type<Postgres> for At {
    fn type_info() -> <Postgres as sqlx::Database>::TypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }

    fn compatible(kind: &<Postgres as sqlx::Database>::TypeInfo) -> bool {
        <OffsetDateTime as Type<Postgres>>::compatible(kind)
    }
}

impl<'q> Encode<'q, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut <Postgres as sqlx::Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // The driver turns it into UTC, which not every moment with an offset can be.
        <OffsetDateTime as Encode<'q, Postgres>>::encode(self.0.clamp(FIRST, LAST), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for At {
    fn decode(value: <Postgres as sqlx::Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <OffsetDateTime as Decode<'r, Postgres>>::decode(value).map(At)
    }
}

impl<D: sqlx::Database> Type<D> for MaybeAt
where
    At: Type<D>,
{
    fn type_info() -> D::TypeInfo {
        At::type_info()
    }

    fn compatible(kind: &D::TypeInfo) -> bool {
        At::compatible(kind)
    }
}

impl<'r, D: sqlx::Database> Decode<'r, D> for MaybeAt
where
    At: Decode<'r, D>,
{
    fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.is_null() {
            return Ok(Self(None));
        }
        At::decode(value).map(|at| Self(Some(at.0)))
    }
}

impl From<At> for OffsetDateTime {
    fn from(at: At) -> Self {
        at.0
    }
}

impl From<MaybeAt> for Option<OffsetDateTime> {
    fn from(at: MaybeAt) -> Self {
        at.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_microseconds_and_keep_them() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        let kept = cut(at);
        assert_eq!(kept.nanosecond(), 123_456_000);
        assert_eq!(from_micros(micros(kept).unwrap()).unwrap(), kept);
    }
}
