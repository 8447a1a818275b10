//! Where a list goes on: how far each partition of an organisation's people was shown.

use std::fmt;
use std::str::FromStr;

use usher_domain::MembershipId;
use usher_domain::id::SHARDS;

/// How far one partition was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Not at all.
    Start,
    /// Up to this person.
    After(MembershipId),
    /// To its end.
    End,
}

/// How far each partition was shown. As text, one entry each: nothing, an id, or a dash for its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position(pub(super) [Reached; SHARDS as usize]);

impl Position {
    pub(super) const START: Self = Self([Reached::Start; SHARDS as usize]);

    pub(super) fn is_end(&self) -> bool {
        self.0.iter().all(|reached| *reached == Reached::End)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shard, reached) in self.0.iter().enumerate() {
            if shard > 0 {
                f.write_str(",")?;
            }
            match reached {
                Reached::Start => {}
                Reached::After(id) => write!(f, "{id}")?,
                Reached::End => f.write_str("-")?,
            }
        }
        Ok(())
    }
}

/// No position of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let mut position = Self::START;
        let mut entries = text.split(',');
        for (shard, reached) in (0..SHARDS).zip(&mut position.0) {
            *reached = match entries.next().ok_or(NoPosition)? {
                "" => Reached::Start,
                "-" => Reached::End,
                id => {
                    let id: MembershipId = id.parse().map_err(|_| NoPosition)?;
                    if id.shard() != shard {
                        return Err(NoPosition);
                    }
                    Reached::After(id)
                }
            };
        }
        if entries.next().is_some() || position.is_end() { Err(NoPosition) } else { Ok(position) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text() {
        let mut position = Position::START;
        position.0[1] = Reached::After(MembershipId::from_bytes([0x20; 16]));
        position.0[7] = Reached::End;
        let text = position.to_string();
        assert_eq!(text.parse(), Ok(position));
        assert_eq!(",,,,,,,".parse(), Ok(Position::START));
    }

    #[test]
    fn other_texts_are_no_positions() {
        let of_another_shard = format!("{},,,,,,,", MembershipId::from_bytes([0x20; 16]));
        for text in ["", ",", "x,,,,,,,", ",,,,,,,,", "-,-,-,-,-,-,-,-", "0#MEMBER#x", &of_another_shard] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
