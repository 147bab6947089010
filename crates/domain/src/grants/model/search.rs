//! The search through the worlds: breadth first, so that what it finds is the shortest.

use std::collections::{BTreeSet, HashSet};

use super::{
    Answer, Ask, Decision, Engine, Judged, MOMENTS, Missing, Request, Row, Rules, SHORT, Step,
    Token, WINDOW, World, at, must, rotations_are_over,
};

/// A search, and what it has met.
pub(super) struct Search {
    rules: Rules,
    pub(super) known: HashSet<World>,
    /// Each world that was met, and from which by which step.
    met: Vec<(World, usize, Option<Step>)>,
    /// What happened in some order.
    pub(super) seen: BTreeSet<&'static str>,
}

/// A rule that is broken, and the steps to it.
pub(super) type Found = (&'static str, Vec<Step>);

impl Search {
    pub(super) fn all(rules: Rules) -> Result<Self, Found> {
        let begin = World::BEGINNING;
        let met = vec![(begin, 0, None)];
        let mut search = Self { rules, known: HashSet::from([begin]), met, seen: BTreeSet::new() };
        let mut next = 0;
        while let Some(&(world, ..)) = search.met.get(next) {
            for step in search.steps(&world) {
                let worlds = search.take(world, step).map_err(|broken| {
                    let mut steps = vec![step];
                    let mut place = next;
                    while let (_, from, Some(step)) = search.met[place] {
                        steps.insert(0, step);
                        place = from;
                    }
                    (broken, steps)
                })?;
                for world in worlds.into_iter().map(World::canonical) {
                    if search.known.insert(world) {
                        search.met.push((world, next, Some(step)));
                    }
                }
            }
            next += 1;
        }
        Ok(search)
    }

    fn steps(&self, world: &World) -> Vec<Step> {
        let mut steps = vec![Step::Sweep];
        if world.requests.contains(&Request::None) {
            steps.extend(world.asks().map(Step::Ask));
            // On PostgreSQL every request waits.
            if world.now == SHORT && self.rules.engine == Engine::Sqlite {
                steps.extend(world.asks().map(Step::Wait));
            }
        }
        let is_begun = |who: &usize| matches!(world.requests[*who], Request::Begun { .. });
        steps.extend((0..2).filter(is_begun).map(Step::Run));
        let is_durable = world.disk == world.row;
        if !is_durable {
            steps.push(Step::Commit);
        }
        let may_pass = |request: &Request| match request {
            Request::None => true,
            Request::Begun { at, .. } => world.now == SHORT && *at == SHORT,
            Request::Written(_) => false,
        };
        let is_last = usize::from(world.now) + 1 == MOMENTS.len();
        if is_durable && !is_last && world.requests.iter().all(may_pass) {
            steps.push(Step::Tick);
        }
        if !is_durable || world.requests != [Request::None; 2] {
            steps.push(Step::Crash);
        }
        steps
    }

    /// The worlds to which a step leads: more than one when an answer may arrive or be lost.
    fn take(&mut self, mut world: World, step: Step) -> Judged<Vec<World>> {
        let (now, is_late) = (world.now, world.is_revoked);
        let free = world.requests.iter().position(|request| *request == Request::None).unwrap_or(0);
        match step {
            Step::Wait(ask) => {
                world.requests[free] = Request::Begun { ask, at: now, decision: None, is_late };
            }
            Step::Ask(ask) if self.rules.engine == Engine::Postgres => {
                let Some(decision) = world.row.decide(ask, now)? else { return Ok(Vec::new()) };
                let decision = Some(decision);
                world.requests[free] = Request::Begun { ask, at: now, decision, is_late };
            }
            Step::Ask(ask) => return self.run(world, free, ask, now, None),
            Step::Run(who) => {
                let Request::Begun { ask, at, decision, .. } = world.requests[who] else {
                    return Ok(Vec::new());
                };
                return self.run(world, who, ask, at, decision);
            }
            Step::Commit => return self.commit(world),
            Step::Tick => world.now += 1,
            Step::Sweep => {
                let over = match self.rules.missing {
                    Missing::OnItsWay => at(now).minus(WINDOW),
                    _ => rotations_are_over(WINDOW, at(now)),
                };
                world.row.erase(over);
                world.disk.erase(over);
            }
            Step::Crash => {
                if world.row.redeemed != world.disk.redeemed {
                    self.seen.insert("a crash undid a redemption");
                }
                if world.row.rotated != world.disk.rotated {
                    self.seen.insert("a crash undid a rotation");
                }
                (world.row, world.requests) = (world.disk, [Request::None; 2]);
            }
        }
        Ok(vec![world])
    }

    /// Decides, if that was not done, and writes.
    fn run(
        &mut self,
        mut world: World,
        who: usize,
        ask: Ask,
        now: u8,
        decision: Option<Decision>,
    ) -> Judged<Vec<World>> {
        let is_late = match world.requests[who] {
            Request::Begun { is_late, .. } => is_late,
            _ => world.is_revoked,
        };
        world.requests[who] = Request::None;
        let decided = match decision {
            Some(decision) => Some(decision),
            None => world.row.decide(ask, now)?,
        };
        let Some(decided) = decided else { return Ok(vec![world]) };
        let before = world.row;
        let Some(answer) = world.write(ask, decided, now, self.rules.missing)? else {
            // Another was first.
            let Some(decision) = world.row.decide(ask, now)? else { return Ok(vec![world]) };
            let decision = Some(decision);
            world.requests[who] = Request::Begun { ask, at: now, decision, is_late };
            return Ok(vec![world]);
        };
        let has_tokens = matches!(answer, Answer::Tokens(_));
        must(!(is_late && has_tokens), "tokens were issued after a revocation was answered")?;
        self.note(decided, &before, &world, answer);
        if self.rules.engine == Engine::Postgres {
            world.disk = world.row;
        }
        if world.disk != world.row && self.rules.missing != Missing::Durable {
            if answer != Answer::Refused {
                world.requests[who] = Request::Written(answer);
            }
            return Ok(vec![world]);
        }
        let lost = world;
        world.arrive(answer)?;
        Ok(vec![lost, world])
    }

    /// All that waits is durable; each answer arrives or is lost.
    fn commit(&mut self, mut world: World) -> Judged<Vec<World>> {
        world.disk = world.row;
        let mut worlds = vec![world];
        for who in 0..2 {
            let Request::Written(answer) = world.requests[who] else { continue };
            for mut world in std::mem::take(&mut worlds) {
                world.requests[who] = Request::None;
                worlds.push(world);
                world.arrive(answer)?;
                worlds.push(world);
            }
        }
        Ok(worlds)
    }

    /// What the search must have met, or it proves little.
    fn note(&mut self, decision: Decision, before: &Row, world: &World, answer: Answer) {
        let is_ended = world.row.revoked && !before.revoked;
        let met = match (decision, answer) {
            (Decision::Rotate, Answer::Tokens(Token { generation: 2, .. })) => "the third token",
            (Decision::Repeat, Answer::Tokens(_)) => "a used token was answered",
            (Decision::Repeat, _) if is_ended => "a late token ended its grant",
            (Decision::EndForCode, _) if is_ended => "a code that came back ended its grant",
            (Decision::CountGuess, _) if world.row.wrong_verifiers == 5 => {
                "guessing spent the code"
            }
            (Decision::Redeem, Answer::Refused) => "a redemption came second",
            _ => return,
        };
        self.seen.insert(met);
    }
}
