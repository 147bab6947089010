//! A long list, a part at a time: `?keys=10` begins with the eleventh key. A page is to be light however much somebody
//! has.

use std::ops::Range;

use super::views::PartLinks;
use crate::api::query::Query;

/// A part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// What the list is called in the query.
    name: &'static str,
    /// How many come before it.
    after: usize,
    /// How many it has.
    most: usize,
}

impl Part {
    /// The beginning of a list.
    pub(crate) const fn first(name: &'static str, most: usize) -> Self {
        Self { name, after: 0, most }
    }

    /// The part that a query asks for; the beginning when it asks for none.
    pub(crate) fn asked(self, query: Query<'_>) -> Self {
        let asked = query.optional(self.name).ok().flatten().and_then(|after| after.parse().ok());
        Self { after: asked.unwrap_or(0), ..self }
    }

    /// It, out of the whole list; beyond the end is the last part.
    pub(crate) fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.range(all.len())).unwrap_or_default()
    }

    /// Where it is in a list of so many.
    pub(crate) fn range(self, all: usize) -> Range<usize> {
        let start = self.start(all);
        start..all.min(start.saturating_add(self.most))
    }

    /// The ways to the parts before and after it; none when it is all.
    pub(crate) fn links(self, all: usize, path: &str, id: &str) -> Option<PartLinks> {
        if all <= self.most {
            return None;
        }
        let start = self.start(all);
        let end = all.min(start + self.most);
        let link = |after: usize| format!("{path}?{}={after}#{id}", self.name);
        Some(PartLinks {
            words: format!("{} to {end} of {all}", start + 1),
            previous: (start > 0).then(|| link(start.saturating_sub(self.most))),
            next: (end < all).then(|| link(end)),
        })
    }

    fn start(self, all: usize) -> usize {
        match self.after < all {
            true => self.after,
            false => all.saturating_sub(1) / self.most * self.most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        let all: Vec<usize> = (0..43).collect();
        let (mut seen, mut after) = (Vec::new(), Some(0));
        while let Some(at) = after {
            let part = Part { after: at, ..Part::first("keys", 10) };
            seen.extend_from_slice(part.of(&all));
            let links = part.links(all.len(), "/settings", "api-keys").unwrap();
            assert_eq!(links.previous.is_some(), at > 0);
            let next = links.next.map(|next| {
                let next = next.strip_prefix("/settings?keys=").unwrap().to_owned();
                next.strip_suffix("#api-keys").unwrap().parse().unwrap()
            });
            after = next;
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn what_is_short_or_beyond_the_end_is_shown_all_the_same() {
        let part = |text: &'static str| Part::first("keys", 10).asked(Query(text));
        assert!(part("").links(10, "/", "a").is_none());
        assert!(part("").of::<u8>(&[]).is_empty());
        let all: Vec<usize> = (0..20).collect();
        for beyond in ["keys=20", "keys=99999999999"] {
            assert_eq!(part(beyond).of(&all), &all[10..], "{beyond}");
            assert_eq!(part(beyond).links(20, "/", "a").unwrap().words, "11 to 20 of 20");
        }
        for junk in ["keys=all", "keys=-1", "keys=", "keys=1&keys=2", "keys=99999999999999999999"] {
            assert_eq!(part(junk).of(&all), &all[..10], "{junk}");
        }
    }
}
