//! Every order of redeeming, guessing, refreshing, replaying, revoking, expiring and crashing, over the rules
//! themselves.
//!
//! 1. One grant, and two processes that both know its code, its verifier and every refresh token that ever
//!    arrived: the app twice, or the app and a thief. Beside them its person revokes, housekeeping erases
//!    salts, the clock goes on, and the server dies, as often as you like. The chain has three refresh tokens.
//! 2. On PostgreSQL a request looks at the clock, reads the grant and decides, and then writes if the row is
//!    still as the statement wants it; others come in between. On SQLite all of that is one step, and what it
//!    wrote is seen by others before it is durable; a crash undoes it. On both, a request may have looked at
//!    the clock some seconds before it runs, and an answer may be lost.
//! 3. The decisions are the server's own: `Grant::redemption`, `Grant::rotation`, `reuse` and
//!    `rotations_are_over`. What they must come to is said a second time in `Row::right`; the statements are
//!    stood for by `World::write`, and that they do the same is what the tests with real databases are for.
//!
//! What makes no difference is no part of a world: the two processes have no names, and tokens are only told
//! apart. With one guard less the same search finds an order in which a rule is broken, so it can fail.

use std::sync::LazyLock;

use self::search::Search;
use super::*;

mod search;

const REDIRECT: &str = "https://app.example/cb";
const WINDOW: Duration = Duration::from_secs(60);
/// The moments there are, in seconds. A second redemption is a double submit until 10 and a theft at 15; a
/// code is good until 60; what was rotated at 15 may come back until 75 and is kept until 80; the last two
/// are when an unused refresh token ends, and after that.
const MOMENTS: [u64; 10] = [0, 10, 15, 59, 60, 74, 78, 140, 30 * 86_400, 31 * 86_400];
/// A request that looked at the clock at this moment may run after the next has come, 4 seconds later.
const SHORT: u8 = 5;
const TOKENS: usize = 3;

/// What is not looked at, or not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    /// `redeemed_at IS NULL` of the redemption.
    Unredeemed,
    /// `revoked_at IS NULL` of the redemption.
    UnrevokedCode,
    /// `wrong_verifiers < ?` of the redemption.
    FewGuesses,
    /// `generation = ?` of the rotation.
    Generation,
    /// `revoked_at IS NULL` of the rotation.
    UnrevokedChain,
    /// The COMMIT before the answer.
    Durable,
    /// The seconds for which a rotation is kept beyond its window.
    OnItsWay,
    /// The end of a grant whose code or token comes back late.
    End,
}

/// Whose steps are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Token {
    generation: u8,
    /// Tells it from others of its generation.
    name: u8,
}

/// The grant's row and its rotations. Times are moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Row {
    wrong_verifiers: u8,
    redeemed: Option<u8>,
    revoked: bool,
    /// The name of each token of the chain; 0 where it has not come so far.
    chain: [u8; TOKENS],
    rotated: [Option<u8>; TOKENS - 1],
    /// Whether the salt of each rotation is there.
    kept: [bool; TOKENS - 1],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Ask {
    Redeem { proven: bool },
    Refresh(Token),
    Revoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Decision {
    Redeem,
    CountGuess,
    EndForCode,
    Rotate,
    Repeat,
    Revoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Answer {
    Tokens(Token),
    Revoked,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Request {
    None,
    /// It looked at the clock, and on PostgreSQL decided. It is late when a revocation had been answered.
    Begun {
        ask: Ask,
        at: u8,
        decision: Option<Decision>,
        is_late: bool,
    },
    /// What it wrote, or saw, waits for the COMMIT.
    Written(Answer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct World {
    now: u8,
    row: Row,
    /// What a crash leaves.
    disk: Row,
    requests: [Request; 2],
    /// The name of the token of each generation that arrived.
    arrived: [u8; TOKENS],
    /// Whether the answer to a revocation arrived.
    is_revoked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A request begins; on SQLite it is run, too.
    Ask(Ask),
    /// It looks at the clock, and is run later.
    Wait(Ask),
    /// One that has begun is run.
    Run(usize),
    Commit,
    Tick,
    Sweep,
    Crash,
}

#[derive(Clone, Copy)]
struct Rules {
    engine: Engine,
    missing: Missing,
}

/// Or which rule is broken.
type Judged<T> = Result<T, &'static str>;

fn must(holds: bool, broken: &'static str) -> Judged<()> {
    if holds { Ok(()) } else { Err(broken) }
}

fn at(moment: u8) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_000)
        .plus(Duration::from_secs(MOMENTS[usize::from(moment)]))
}

/// How many seconds there are between two moments.
fn between(earlier: u8, later: u8) -> u64 {
    MOMENTS[usize::from(later)].saturating_sub(MOMENTS[usize::from(earlier)])
}

static CHALLENGE: LazyLock<CodeChallenge> = LazyLock::new(|| {
    let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    CodeChallenge::parse(Some(text), Some("S256")).unwrap()
});

/// A wrong one and the right one.
static VERIFIERS: LazyLock<[CodeVerifier; 2]> = LazyLock::new(|| {
    let wrong = "x".repeat(43);
    [wrong.as_str(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"]
        .map(|text| CodeVerifier::parse(text).unwrap())
});

impl Token {
    fn digest(self) -> Digest {
        Digest::from_bytes([self.name; 32])
    }

    fn index(self) -> usize {
        usize::from(self.generation)
    }
}

impl Row {
    /// One wrong verifier more and its code is spent.
    const NEW: Self = Self {
        wrong_verifiers: 4,
        redeemed: None,
        revoked: false,
        chain: [0; TOKENS],
        rotated: [None; TOKENS - 1],
        kept: [false; TOKENS - 1],
    };

    /// The newest of the chain.
    fn newest(&self) -> Token {
        let generation = self.rotated.iter().flatten().count();
        Token { generation: u8::try_from(generation).unwrap(), name: self.chain[generation] }
    }

    /// The moment from which its end is counted.
    fn renewed(&self) -> u8 {
        self.rotated.iter().flatten().copied().chain(self.redeemed).max().unwrap_or(0)
    }

    /// The grant as `FIND` reads it.
    fn grant(&self) -> Grant {
        let newest = self.newest();
        let refresh = Refresh { generation: newest.generation.into(), digest: newest.digest() };
        let lifetime = if self.redeemed.is_some() { REFRESH_LIFETIME } else { CODE_LIFETIME };
        Grant {
            id: GrantId::from_bytes([1; 16]),
            connection: ConnectionId::from_bytes([2; 16]),
            redirect_uri: REDIRECT.into(),
            challenge: *CHALLENGE,
            scope: String::new(),
            access: Access::All,
            nonce: None,
            signed_in_at: at(0),
            created_at: at(0),
            state: match (self.revoked, self.redeemed) {
                (true, _) => GrantState::Revoked,
                (false, None) => {
                    GrantState::Approved { wrong_verifiers: self.wrong_verifiers.into() }
                }
                (false, Some(moment)) => {
                    GrantState::Redeemed { at: at(moment), refresh: Some(refresh) }
                }
            },
            ends_at: at(self.renewed()).plus(lifetime),
        }
    }

    /// What the rules decide; `None` when they refuse and nothing is written.
    fn decide(&self, ask: Ask, now: u8) -> Judged<Option<Decision>> {
        let decision = match ask {
            Ask::Revoke => (!self.revoked).then_some(Decision::Revoke),
            Ask::Redeem { proven } => {
                let verifier = &VERIFIERS[usize::from(proven)];
                match self.grant().redemption(REDIRECT, verifier, at(now)) {
                    Redemption::Redeem => Some(Decision::Redeem),
                    Redemption::WrongVerifier => Some(Decision::CountGuess),
                    Redemption::Replayed => Some(Decision::EndForCode),
                    Redemption::DoubleSubmit | Redemption::Refuse(_) => None,
                }
            }
            Ask::Refresh(token) => {
                let generation = token.generation.into();
                match self.grant().rotation(generation, &[token.digest()], at(now)) {
                    Rotation::Rotate => Some(Decision::Rotate),
                    Rotation::Used => Some(Decision::Repeat),
                    Rotation::Refuse(_) => None,
                }
            }
        };
        let right = self.right(ask, now);
        must(decision == right, "a decision is another than it must be")?;
        Ok(decision)
    }

    /// What must be decided, by what has happened and how long ago.
    fn right(&self, ask: Ask, now: u8) -> Option<Decision> {
        match (ask, self.redeemed) {
            _ if self.revoked => None,
            (Ask::Revoke, _) => Some(Decision::Revoke),
            // The code: once, in its minute, with its verifier, of which five may be wrong.
            (Ask::Redeem { .. }, None) if self.wrong_verifiers == 5 || between(0, now) >= 60 => {
                None
            }
            (Ask::Redeem { proven: false }, None) => Some(Decision::CountGuess),
            (Ask::Redeem { proven: true }, None) => Some(Decision::Redeem),
            // Again: a theft when it is proven and no double submit.
            (Ask::Redeem { proven }, Some(first)) => {
                (proven && between(first, now) > 10).then_some(Decision::EndForCode)
            }
            (Ask::Refresh(_), _) if between(self.renewed(), now) >= 30 * 86_400 => None,
            (Ask::Refresh(token), _) if token == self.newest() => Some(Decision::Rotate),
            (Ask::Refresh(token), _) => {
                (token.generation < self.newest().generation).then_some(Decision::Repeat)
            }
        }
    }

    /// Follows the salts that are there from a token to the newest.
    fn follow(&self, from: Token) -> Option<Token> {
        let newest = self.newest();
        let is_there = self.kept[from.index()..newest.index()].iter().all(|&kept| kept);
        (is_there && self.chain[from.index()] == from.name).then_some(newest)
    }

    fn erase(&mut self, made_before: Timestamp) {
        for (kept, rotated) in self.kept.iter_mut().zip(self.rotated) {
            *kept &= rotated.is_none_or(|moment| at(moment) > made_before);
        }
    }
}

impl World {
    const BEGINNING: Self = Self {
        now: 0,
        row: Row::NEW,
        disk: Row::NEW,
        requests: [Request::None; 2],
        arrived: [0; TOKENS],
        is_revoked: false,
    };

    /// Every token that anybody has or knows of.
    fn tokens(&mut self) -> impl Iterator<Item = (usize, &mut u8)> {
        let Self { row, disk, arrived, requests, .. } = self;
        let asked = requests.iter_mut().filter_map(|request| match request {
            Request::Begun { ask: Ask::Refresh(token), .. }
            | Request::Written(Answer::Tokens(token)) => Some((token.index(), &mut token.name)),
            _ => None,
        });
        let chains = [&mut row.chain, &mut disk.chain, arrived];
        chains.into_iter().flat_map(|chain| chain.iter_mut().enumerate()).chain(asked)
    }

    /// A token as no other.
    fn fresh(&mut self, generation: usize) -> u8 {
        let names = self.tokens().filter(|(index, _)| *index == generation);
        names.map(|(_, name)| *name).max().unwrap_or(0) + 1
    }

    /// The same world, with names in the order in which they are met and the processes in either order.
    fn canonical(self) -> Self {
        let [first, second] = self.requests;
        let one = Self { requests: [first, second], ..self }.renamed();
        let other = Self { requests: [second, first], ..self }.renamed();
        one.min(other)
    }

    fn renamed(mut self) -> Self {
        let mut known: [Vec<u8>; TOKENS] = Default::default();
        for (generation, name) in self.tokens().filter(|(_, name)| **name != 0) {
            let known = &mut known[generation];
            let place = known.iter().position(|other| other == name).unwrap_or_else(|| {
                known.push(*name);
                known.len() - 1
            });
            *name = u8::try_from(place + 1).unwrap();
        }
        self
    }

    /// Writes what was decided; `None` when the row has become another and must be read again.
    fn write(
        &mut self,
        ask: Ask,
        decision: Decision,
        now: u8,
        missing: Missing,
    ) -> Judged<Option<Answer>> {
        let row = &mut self.row;
        let mut answer = Answer::Refused;
        match (decision, ask) {
            (Decision::Redeem, _) => {
                if (row.redeemed.is_none() || missing == Missing::Unredeemed)
                    && (!row.revoked || missing == Missing::UnrevokedCode)
                    && (row.wrong_verifiers < 5 || missing == Missing::FewGuesses)
                {
                    must(row.redeemed.is_none(), "a code was redeemed twice")?;
                    must(!row.revoked, "the code of a revoked grant was redeemed")?;
                    must(row.wrong_verifiers < 5, "a code was redeemed that guessing had spent")?;
                    row.redeemed = Some(now);
                    let name = self.fresh(0);
                    self.row.chain[0] = name;
                    answer = Answer::Tokens(Token { generation: 0, name });
                }
            }
            (Decision::CountGuess, _) => {
                // More than five is as many as five.
                row.wrong_verifiers += u8::from(row.redeemed.is_none() && row.wrong_verifiers < 5);
            }
            (Decision::EndForCode, _) => {
                row.revoked |= missing != Missing::End;
                must(row.revoked, "a code came back with its proof and its grant goes on")?;
            }
            (Decision::Rotate, Ask::Refresh(token)) => {
                let is_newest = row.newest().generation == token.generation;
                if !(is_newest || missing == Missing::Generation)
                    || row.revoked && missing != Missing::UnrevokedChain
                {
                    return Ok(None);
                }
                must(is_newest, "a refresh token was rotated twice")?;
                must(!row.revoked, "a grant that had ended was rotated")?;
                (row.rotated[token.index()], row.kept[token.index()]) = (Some(now), true);
                let name = self.fresh(token.index() + 1);
                self.row.chain[token.index() + 1] = name;
                answer = Answer::Tokens(self.row.newest());
            }
            (Decision::Repeat, Ask::Refresh(token)) => {
                let rotated = row.rotated[token.index()].expect("it was used");
                let kept = row.kept[token.index()].then(|| at(rotated));
                let is_recent = between(rotated, now) < 60;
                match reuse(kept, WINDOW, at(now)) {
                    Reuse::Answer => {
                        must(is_recent, "a used token came back late and was answered")?;
                        answer = row.follow(token).map_or(Answer::Refused, Answer::Tokens);
                        must(
                            answer == Answer::Tokens(row.newest()),
                            "a used token was not answered with the newest",
                        )?;
                    }
                    Reuse::End => {
                        must(!is_recent, "a grant ended without a cause")?;
                        row.revoked |= missing != Missing::End;
                        must(row.revoked, "a used token came back late and its grant goes on")?;
                    }
                }
            }
            (Decision::Revoke, _) => {
                row.revoked = true;
                answer = Answer::Revoked;
            }
            (Decision::Rotate | Decision::Repeat, _) => return Err("nothing to rotate"),
        }
        Ok(Some(answer))
    }

    fn arrive(&mut self, answer: Answer) -> Judged<()> {
        match answer {
            Answer::Refused => {}
            Answer::Revoked => self.is_revoked = true,
            Answer::Tokens(token) => {
                let arrived = &mut self.arrived[token.index()];
                must([0, token.name].contains(arrived), "a generation has two tokens")?;
                *arrived = token.name;
            }
        }
        self.is_kept()
    }

    /// What was answered is on the disk.
    fn is_kept(&self) -> Judged<()> {
        let disk = &self.disk;
        let mut tokens = self.arrived.iter().zip(disk.chain);
        let has_tokens = tokens.all(|(&arrived, kept)| arrived == 0 || arrived == kept);
        let has_end = !self.is_revoked || disk.revoked;
        must(has_tokens && has_end, "what was answered is lost")
    }

    /// What somebody could ask for.
    fn asks(&self) -> impl Iterator<Item = Ask> {
        let guess = self.row.redeemed.is_none().then_some(Ask::Redeem { proven: false });
        let used =
            self.arrived.into_iter().take(TOKENS - 1).zip(0..).filter(|(name, _)| *name != 0);
        let refreshes = used.map(|(name, generation)| Ask::Refresh(Token { generation, name }));
        [Ask::Redeem { proven: true }, Ask::Revoke].into_iter().chain(guess).chain(refreshes)
    }
}

#[test]
fn in_every_order_a_grant_is_as_it_must_be() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let search = Search::all(Rules { engine, missing: Missing::Nothing });
        let search = search.unwrap_or_else(|(broken, steps)| panic!("{broken}: {steps:#?}"));
        println!("{engine:?}: {} worlds", search.known.len());
        let of_engine: &[&str] = match engine {
            Engine::Sqlite => &["a crash undid a redemption", "a crash undid a rotation"],
            Engine::Postgres => &["a redemption came second"],
        };
        let of_both = [
            "a code that came back ended its grant",
            "a late token ended its grant",
            "a used token was answered",
            "guessing spent the code",
            "the third token",
        ];
        assert_eq!(search.seen, of_both.iter().chain(of_engine).copied().collect());
    }
}

#[test]
fn with_one_guard_less_there_is_an_order_in_which_it_is_not() {
    use {Engine::*, Missing::*};
    let all = [
        (Postgres, Unredeemed, "a code was redeemed twice", 4),
        (Postgres, UnrevokedCode, "the code of a revoked grant was redeemed", 4),
        (Postgres, FewGuesses, "a code was redeemed that guessing had spent", 4),
        (Postgres, Generation, "a refresh token was rotated twice", 6),
        (Postgres, UnrevokedChain, "a grant that had ended was rotated", 6),
        (Sqlite, Durable, "what was answered is lost", 1),
        (Sqlite, OnItsWay, "a grant ended without a cause", 13),
        (Postgres, OnItsWay, "a grant ended without a cause", 13),
        (Sqlite, End, "a code came back with its proof and its grant goes on", 5),
    ];
    for (engine, missing, broken, length) in all {
        let (found, steps) = Search::all(Rules { engine, missing }).err().expect("an order");
        println!("{engine:?} without {missing:?}, {} steps: {steps:?}", steps.len());
        assert!(found == broken && steps.len() == length, "{missing:?}: {found} by {steps:?}");
    }
}
