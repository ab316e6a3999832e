//! PURE: whether a node is on the chain it should be on: when to ask it, and what follows.

use std::time::Instant;

use super::failed::Failed;
use crate::{answer::Reason, block::BlockNumber, protocol::ChainId};

/// A node that gives no cause for doubt is asked for its chain in one round of so many, where
/// the answer with its block does not hold that.
///
/// Not in one batch with the block: some public nodes refuse batches, some answer them
/// slower and past their cache, and those that take them count each element against
/// their limit, so that a batch in every round would cost twice the requests, and half
/// of the references where it is refused. This way it costs one request more in twenty,
/// 5 %: at the usual 15 s some 290 a day for each node, beside 5,760 for its block. The
/// price: a node that changes its chain unseen, without a failure and near its own
/// block, is believed for up to twenty rounds.
const ROUNDS: u32 = 20;

/// What one node has reported of its chain. The question comes after the block and is never
/// the reason that a block is lost: what fails for the moment leaves the node judged by what
/// it reported before, and by its block alone where that is nothing. The one exception is a
/// doubtful block whose question stays without any answer.
#[derive(Debug)]
pub struct ChainCheck {
    expected: ChainId,
    /// A block that moved on by more since the last may be one of another chain.
    max_lead: u64,
    reported: Option<ChainId>,
    has_refused: bool,
    /// Its last usable block.
    last: Option<BlockNumber>,
    rounds_to_go: u32,
    /// How often in a row the question has failed for the moment.
    attempts: u32,
    not_before: Option<Instant>,
    /// The largest step since the last answer, and the one that was usual before it: a chain
    /// that makes thousands of blocks between two rounds is not doubted for that.
    largest_step: u64,
    usual_step: u64,
}

impl ChainCheck {
    /// Nothing reported yet; it should be `expected`.
    #[must_use]
    pub fn new(expected: ChainId, max_lead: u64) -> Self {
        Self {
            expected,
            max_lead,
            reported: None,
            has_refused: false,
            last: None,
            rounds_to_go: 0,
            attempts: 0,
            not_before: None,
            largest_step: 0,
            usual_step: 0,
        }
    }

    /// Whether to ask for the chain in the round of `now`, in which the node is at `block`:
    /// in the first, after one without a usable block (so in each while it is on another
    /// chain), when the block leaves a doubt, and now and then.
    #[must_use]
    pub fn is_due(&self, block: BlockNumber, now: Instant) -> bool {
        (self.rounds_to_go == 0 || self.is_doubtful(block)) && self.not_before.is_none_or(|time| time <= now)
    }

    /// Whether the node has refused to report its chain and never reported it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.has_refused && self.reported.is_none()
    }

    /// Whether what the node reported last is the chain it should be on.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.reported.as_ref() == Some(&self.expected)
    }

    /// Whether `block` follows so badly on the last that the node may be another one.
    fn is_doubtful(&self, block: BlockNumber) -> bool {
        self.last.is_some_and(|last| {
            let tolerated = if block < last { 0 } else { self.max_lead };
            step(last, block) > tolerated.max(self.usual_step.saturating_mul(2))
        })
    }

    /// The chain that the node reported last and the one it should be on, where they differ.
    #[must_use]
    pub fn reports_another(&self) -> Option<(&ChainId, &ChainId)> {
        self.reported.as_ref().filter(|reported| **reported != self.expected).map(|it| (it, &self.expected))
    }

    fn is_wrong(&self) -> bool {
        self.reports_another().is_some()
    }

    /// What the node's answers of a round are worth: its block, or why there is none.
    /// `answer` is what it reported of its chain, where that was asked or comes with the block;
    /// it came at `now`.
    pub fn judge(
        &mut self,
        head: Result<BlockNumber, Reason>,
        answer: Option<Result<ChainId, Failed>>,
        now: Instant,
    ) -> Result<BlockNumber, Reason> {
        let usable = head.and_then(|block| self.judge_block(block, answer, now));
        match usable {
            Ok(block) => self.last = Some(block),
            // The next answer may come from another node.
            Err(_) => self.rounds_to_go = 0,
        }
        usable
    }

    fn judge_block(
        &mut self,
        block: BlockNumber,
        answer: Option<Result<ChainId, Failed>>,
        now: Instant,
    ) -> Result<BlockNumber, Reason> {
        let is_doubtful = self.is_doubtful(block);
        self.largest_step = self.largest_step.max(self.last.map_or(0, |last| step(last, block)));
        match answer {
            None => self.rounds_to_go = self.rounds_to_go.saturating_sub(1),
            Some(Ok(id)) => {
                self.reported = Some(id);
                self.is_answered();
            }
            Some(Err(failed)) if failed.is_temporary => {
                self.attempts = self.attempts.saturating_add(1);
                // Again in the next round, then less and less often.
                self.rounds_to_go = (2_u32.saturating_pow(self.attempts - 1)).min(ROUNDS) - 1;
                self.not_before = failed.retry_after.map(|time| now + time);
                if is_doubtful && failed.is_silence() {
                    return Err(failed.reason);
                }
            }
            Some(Err(_)) => {
                self.has_refused = true;
                self.is_answered();
            }
        }
        if self.is_wrong() { Err(Reason::WrongChain(block)) } else { Ok(block) }
    }

    fn is_answered(&mut self) {
        self.rounds_to_go = ROUNDS - 1;
        (self.attempts, self.not_before) = (0, None);
        // Only a step on the right chain makes the next of its kind usual.
        self.usual_step = if self.is_wrong() { 0 } else { self.largest_step };
        self.largest_step = 0;
    }
}

fn step(from: BlockNumber, to: BlockNumber) -> u64 {
    from.get().abs_diff(to.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::now, protocol::Compare};
    use std::time::Duration;

    /// What a node says of its chain when it is asked.
    type Told = Result<u64, Failed>;

    const REFUSED: Option<Told> = Some(Err(failed(Reason::RpcError(Some(-32601)), false)));

    const fn failed(reason: Reason, is_temporary: bool) -> Failed {
        Failed { reason, is_temporary, retry_after: None }
    }

    fn chain(id: u64) -> ChainId {
        Compare::AsNumbers.read(&id.to_string()).unwrap()
    }

    fn polygon() -> ChainCheck {
        ChainCheck::new(chain(137), 100)
    }

    fn block(number: u64) -> BlockNumber {
        BlockNumber::new(number).unwrap()
    }

    /// One round of a node whose answers are these; whether it is asked is checked too.
    #[track_caller]
    fn round(
        check: &mut ChainCheck,
        head: Result<u64, Reason>,
        asked: Option<Told>,
        want: Result<u64, Reason>,
    ) {
        let (head, now) = (head.map(block), now());
        let is_asked = head.is_ok_and(|block| check.is_due(block, now));
        assert_eq!(is_asked, asked.is_some(), "asked for its chain");
        let asked = asked.map(|told| told.map(chain));
        assert_eq!(check.judge(head, asked, now).map(BlockNumber::get), want);
    }

    fn wrong(number: u64) -> Result<u64, Reason> {
        Err(Reason::WrongChain(block(number)))
    }

    #[test]
    fn one_that_reports_its_chain_with_each_block_is_judged_in_each_round() {
        let mut check = polygon();
        let mut judge = |number, told: Told| {
            check.judge(Ok(block(number)), Some(told.map(chain)), now()).map(BlockNumber::get)
        };
        assert_eq!(judge(10, Ok(137)), Ok(10));
        assert_eq!(judge(11, Ok(1)), wrong(11));
        assert_eq!(judge(12, Ok(137)), Ok(12));
        // One that leaves it out is believed what it reported last.
        assert_eq!(judge(13, Err(Failed::without_chain())), Ok(13));
        assert!(!check.is_unknown());
    }

    #[test]
    fn asked_at_first_then_in_one_round_of_twenty() {
        let mut check = polygon();
        for number in 0..100 {
            let asked = (number % 20 == 0).then_some(Ok(137));
            round(&mut check, Ok(number), asked, Ok(number));
        }
    }

    #[test]
    fn a_chain_that_makes_more_than_the_lead_between_rounds_is_not_asked_more_often() {
        let mut check = polygon();
        round(&mut check, Ok(0), Some(Ok(137)), Ok(0));
        let mut at = 0;
        // Once it is seen to be fast, that is no cause for doubt.
        for number in 0..100 {
            at += [300, 220, 20, 390][number % 4];
            let asked = (number % 20 == 0).then_some(Ok(137));
            round(&mut check, Ok(at), asked, Ok(at));
        }
        // But a leap beyond all that is.
        round(&mut check, Ok(at + 9_000_000), Some(Ok(1)), wrong(at + 9_000_000));
        round(&mut check, Ok(at + 9_000_300), Some(Ok(1)), wrong(at + 9_000_300));
        round(&mut check, Ok(at + 300), Some(Ok(137)), Ok(at + 300));
        round(&mut check, Ok(at + 9_000_000), Some(Ok(1)), wrong(at + 9_000_000));
    }

    #[test]
    fn another_chain_has_no_block_for_as_long_as_it_is_reported() {
        let mut check = polygon();
        round(&mut check, Ok(10), Some(Ok(1)), wrong(10));
        round(&mut check, Ok(11), Some(Ok(1)), wrong(11));
        round(&mut check, Ok(12), REFUSED, wrong(12));
        round(&mut check, Ok(13), Some(Err(failed(Reason::RateLimited, true))), wrong(13));
        assert!(!check.is_confirmed());
        round(&mut check, Ok(14), Some(Ok(137)), Ok(14));
        assert!(check.is_confirmed());
        round(&mut check, Ok(15), None, Ok(15));
    }

    #[test]
    fn asked_again_when_it_may_be_another_node() {
        let mut check = polygon();
        round(&mut check, Ok(1000), Some(Ok(137)), Ok(1000));
        round(&mut check, Ok(1100), None, Ok(1100));
        round(&mut check, Ok(1201), Some(Ok(137)), Ok(1201));
        round(&mut check, Ok(900), Some(Ok(1)), wrong(900));
        round(&mut check, Ok(1201), Some(Ok(137)), Ok(1201));
        round(&mut check, Ok(1202), None, Ok(1202));
        round(&mut check, Err(Reason::Connect(None)), None, Err(Reason::Connect(None)));
        round(&mut check, Ok(1203), Some(Ok(137)), Ok(1203));
        round(&mut check, Ok(1203), None, Ok(1203));
    }

    #[test]
    fn a_doubtful_block_is_not_believed_while_the_question_has_no_answer() {
        for reason in [Reason::Timeout, Reason::Connect(None)] {
            let mut check = polygon();
            round(&mut check, Ok(1000), Some(Ok(137)), Ok(1000));
            round(&mut check, Ok(50), Some(Err(failed(reason, true))), Err(reason));
            round(&mut check, Ok(51), Some(Err(failed(Reason::RateLimited, true))), Ok(51));
        }
    }

    #[test]
    fn one_that_refuses_is_judged_by_its_block_alone() {
        for reason in [Reason::RpcError(None), Reason::HttpStatus(405), Reason::Malformed] {
            let refused = Some(Err(failed(reason, false)));
            let mut check = polygon();
            round(&mut check, Err(reason), None, Err(reason));
            assert!(!check.is_unknown(), "it refuses everything");
            round(&mut check, Ok(10), refused, Ok(10));
            assert!(check.is_unknown() && !check.is_confirmed());
            round(&mut check, Ok(11), None, Ok(11));
            // It reported its chain before: what it refuses now is no news.
            round(&mut check, Ok(9), Some(Ok(137)), Ok(9));
            round(&mut check, Ok(1), refused, Ok(1));
            assert!(!check.is_unknown());
        }
    }

    #[test]
    fn what_fails_for_the_moment_costs_no_block_and_is_asked_again_soon() {
        for reason in [Reason::RateLimited, Reason::HttpStatus(502), Reason::Connect(None), Reason::Timeout] {
            let later = failed(reason, true);
            let mut check = polygon();
            let asked: Vec<u64> = (0..60)
                .filter(|number| {
                    let is_due = check.is_due(block(*number), now());
                    let answer = if is_due { Some(Err(later)) } else { None };
                    assert_eq!(check.judge(Ok(block(*number)), answer, now()), Ok(block(*number)));
                    is_due
                })
                .collect();
            assert_eq!(asked, [0, 1, 3, 7, 15, 31, 51]);
            assert!(!check.is_unknown(), "it has not refused");
            // Once it answers, all is as if it had at once.
            for number in 60..71 {
                round(&mut check, Ok(number), None, Ok(number));
            }
            round(&mut check, Ok(71), Some(Ok(1)), wrong(71));
        }
    }

    #[test]
    fn a_node_that_asks_for_time_gets_it() {
        let mut check = polygon();
        let now = now();
        let retry_after = Some(Duration::from_secs(60));
        let limited = Failed { retry_after, ..failed(Reason::RateLimited, true) };
        assert_eq!(check.judge(Ok(block(1)), Some(Err(limited)), now), Ok(block(1)));
        assert!(!check.is_due(block(2), now + Duration::from_secs(59)));
        assert!(check.is_due(block(2), now + Duration::from_secs(60)));
    }
}
