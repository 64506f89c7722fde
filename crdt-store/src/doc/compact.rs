//! Writing a document anew, in parts.
//!
//! The parts of a snapshot are what newcomers are sent, so each has to apply on top of those before it, at
//! the speed of the whole. The cut follows the log: while the document is built, its state vector is noted
//! from time to time, and what lies between two notes applies after what lies before. (Cut by client
//! sections instead, a document of twenty clients takes ten times as long to apply.) Where the log itself
//! has no seam for long, as after an import, the cut follows the order in which the structures integrate.
//! All deletes are in the last part.

use std::collections::HashMap;

use bytes::Bytes;
use yrs::{Doc, ReadTxn, StateVector, Transact};

use super::{
    Compacted, DocError, PART_BYTES,
    blocks::{Layout, Needs},
    whole,
};
use crate::update::{Index, Limits, Update};

/// How many bytes of log lie at least between two notes.
const NOTE_BYTES: usize = 16 * 1024;

/// What the frame of a part, the deletes aside, takes at most beyond what [`Layout::weigh`] says.
const FRAME_BYTES: usize = 64;

/// A place in the document: the next clock of each section.
type Place = Vec<u64>;

/// Writes the document anew, without what was deleted, and indexes it.
pub fn compact(parts: &[Bytes]) -> Result<Compacted, DocError> {
    compact_into(parts, PART_BYTES, NOTE_BYTES)
}

/// [`compact`], with parts of at most about `part_bytes` and a note every `note_bytes` of log.
pub(super) fn compact_into(parts: &[Bytes], part_bytes: usize, note_bytes: usize) -> Result<Compacted, DocError> {
    let mut notes = Vec::new();
    let mut unnoted = 0;
    let doc = whole::materialise_noting(parts, |part, doc| {
        unnoted += parts[part].len();
        if unnoted >= note_bytes {
            unnoted = 0;
            notes.push(doc.transact().state_vector());
        }
    })?;
    let parts = cut(&doc, &notes, part_bytes)?;
    let index = index(&parts)?;
    Ok(Compacted { parts, index: index.encode().into() })
}

/// The index of parts that apply one after the other, and the proof that they do.
fn index(parts: &[Bytes]) -> Result<Index, DocError> {
    // How many clients a document may have was decided when they were let in.
    let mut index = Index::with_limits(Limits { clients: usize::MAX });
    for part in parts {
        let update = Update::parse(part.clone()).map_err(|e| DocError::Unsound(e.to_string()))?;
        index.absorb(&update).map_err(|e| DocError::Unsound(e.to_string()))?;
    }
    Ok(index)
}

fn cut(doc: &Doc, notes: &[StateVector], part_bytes: usize) -> Result<Vec<Bytes>, DocError> {
    let whole = doc.transact().encode_diff_v1(&StateVector::default());
    if whole.len() <= part_bytes {
        return Ok(vec![whole.into()]);
    }
    let layout = Layout::read(&whole)?;
    let mut cutter = Cutter {
        place: layout.sections.iter().map(|section| section.first).collect(),
        by_client: layout.sections.iter().enumerate().map(|(at, section)| (section.client, at)).collect(),
        layout: &layout,
        part_bytes,
        parts: Vec::new(),
    };
    let end: Place = layout.sections.iter().map(|section| section.end).collect();
    let mut reachable: Option<Place> = None;
    for note in notes.iter().map(Some).chain([None]) {
        // After the last note comes the end.
        let Some(seam) = note.map_or(Some(end.clone()), |note| cutter.locate(note)) else { continue };
        if cutter.fits(&seam) {
            reachable = Some(seam);
            continue;
        }
        if let Some(place) = reachable.take() {
            cutter.cut_at(place)?;
        }
        if cutter.fits(&seam) {
            reachable = Some(seam);
        } else {
            cutter.cut_towards(&seam)?;
            reachable = Some(seam);
        }
    }
    if let Some(place) = reachable {
        cutter.cut_at(place)?;
    }
    cutter.finish()
}

struct Cutter<'a> {
    layout: &'a Layout<'a>,
    by_client: HashMap<u64, usize>,
    part_bytes: usize,
    /// What lies before it is in `parts`.
    place: Place,
    /// Without their delete sets.
    parts: Vec<Vec<u8>>,
}

impl Cutter<'_> {
    /// The place a noted state vector stands for; `None` if that is inside something indivisible.
    fn locate(&self, note: &StateVector) -> Option<Place> {
        let mut place = Place::with_capacity(self.layout.sections.len());
        for (at, section) in self.layout.sections.iter().enumerate() {
            let clock = u64::from(note.get(&yrs::ClientID::new(section.client))).clamp(section.first, section.end);
            if !self.layout.can_part(at, clock).ok()? {
                return None;
            }
            place.push(clock);
        }
        Some(place)
    }

    fn weigh(&self, from: &Place, to: &Place) -> usize {
        let sections = from.iter().zip(to).enumerate();
        FRAME_BYTES + sections.map(|(at, (from, to))| self.layout.weigh(at, *from, *to)).sum::<usize>()
    }

    fn fits(&self, to: &Place) -> bool {
        self.weigh(&self.place, to) <= self.part_bytes
    }

    /// Makes one part of what lies between the present place and `to`.
    fn cut_at(&mut self, to: Place) -> Result<(), DocError> {
        let moved: Vec<usize> = (0..to.len()).filter(|at| to[*at] > self.place[*at]).collect();
        if moved.is_empty() {
            return Ok(());
        }
        let mut part = Vec::with_capacity(self.weigh(&self.place, &to));
        crate::update::lib0::write_var_uint(&mut part, moved.len() as u64);
        for at in moved {
            self.layout.write(at, self.place[at], to[at], &mut part)?;
        }
        self.parts.push(part);
        self.place = to;
        Ok(())
    }

    /// Makes parts of what lies between the present place and `to` until the rest fits into one, in an order
    /// in which it integrates: a section is followed until it needs another, that one is followed until it
    /// has given what was needed, and so on.
    fn cut_towards(&mut self, to: &Place) -> Result<(), DocError> {
        let mut reached = self.place.clone();
        let mut weight = FRAME_BYTES;
        for base in 0..to.len() {
            let mut stack = vec![(base, to[base])];
            while let Some(&(at, until)) = stack.last() {
                let clock = reached[at];
                if clock >= until {
                    stack.pop();
                    continue;
                }
                let (needs, block_end) = self.layout.needs(at, clock)?;
                if let Some(need) = self.lacking(&needs, &reached) {
                    if need.1 > to[need.0] || stack.iter().any(|(other, _)| *other == need.0) {
                        return Err(DocError::Unsound("structures need each other".to_owned()));
                    }
                    stack.push(need);
                    continue;
                }
                let mut end = block_end.min(to[at]);
                let first_of_section = clock == self.place[at];
                let mut added = self.layout.weigh(at, clock, end) - if first_of_section { 0 } else { 24 };
                if weight + added > self.part_bytes && weight > FRAME_BYTES {
                    self.cut_at(reached.clone())?;
                    weight = FRAME_BYTES;
                    continue;
                }
                if weight + added > self.part_bytes {
                    end = self.layout.part_within(at, clock, end, self.part_bytes - 2 * FRAME_BYTES)?;
                    added = self.layout.weigh(at, clock, end);
                }
                weight += added;
                reached[at] = end;
            }
        }
        Ok(())
    }

    /// The section that has to be followed first, and up to which clock.
    fn lacking(&self, needs: &Needs, reached: &Place) -> Option<(usize, u64)> {
        needs.iter().flatten().find_map(|(client, clock)| {
            let at = *self.by_client.get(client)?;
            (reached[at] <= *clock).then_some((at, clock + 1))
        })
    }

    /// The parts, the last one with the deletes.
    fn finish(self) -> Result<Vec<Bytes>, DocError> {
        let mut parts = self.parts;
        let last = parts.len().saturating_sub(1);
        for part in parts.iter_mut().take(last) {
            part.push(0);
        }
        match parts.last_mut() {
            Some(part) if part.len() + self.layout.deletes.len() <= self.part_bytes => {
                part.extend_from_slice(self.layout.deletes);
            }
            // The deletes are a part of their own, however large.
            Some(part) => {
                part.push(0);
                parts.push([&[0], self.layout.deletes].concat());
            }
            None => parts.push([&[0], self.layout.deletes].concat()),
        }
        Ok(parts.into_iter().map(Bytes::from).collect())
    }
}
