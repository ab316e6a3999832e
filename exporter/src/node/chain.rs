//! Whether a node is on the chain it should be on: when to ask it, and what follows. Pure.

use crate::answer::Reason;
use crate::block::BlockNumber;

/// A node that gives no cause for doubt is asked for its chain in one round of so many.
///
/// Not in one batch with the block: some public nodes refuse batches, some answer them
/// slower and past their cache, and those that take them count each element against
/// their limit, so that a batch in every round would cost twice the requests, and half
/// of the references where it is refused. This way it costs one request more in twenty,
/// 5 %: at the usual 15 s some 290 a day for each node, beside 5,760 for its block. The
/// price: a node that changes its chain unseen, without a failure and near its own
/// block, is believed for up to twenty rounds.
const ROUNDS: u32 = 20;

/// What one node has told of its chain.
#[derive(Debug)]
pub struct Chain {
    expected: u64,
    /// A block that rose by more since the last may be one of another chain.
    largest_step: u64,
    told: Option<u64>,
    has_refused: bool,
    last: Option<BlockNumber>,
    rounds_to_go: u32,
}

impl Chain {
    /// Nothing told yet; it should be `expected`.
    #[must_use]
    pub fn new(expected: u64, largest_step: u64) -> Self {
        Self { expected, largest_step, told: None, has_refused: false, last: None, rounds_to_go: 0 }
    }

    /// Whether to ask in this round, whatever the block: in the first, after one without
    /// a usable block (so in each while it tells another chain), and now and then.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.rounds_to_go == 0
    }

    /// Whether `block` follows so badly on the last that the node may be another one.
    #[must_use]
    pub fn is_doubtful(&self, block: BlockNumber) -> bool {
        self.last.is_some_and(|last| {
            let step = block.lag_of(last);
            step.blocks() < 0 || step.is_behind_by_more_than(self.largest_step)
        })
    }

    /// Whether the node has refused to tell its chain and never told it.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.has_refused && self.told.is_none()
    }

    fn is_wrong(&self) -> bool {
        self.told.is_some_and(|told| told != self.expected)
    }

    /// What the node's answers of a round are worth: its block, or why there is none.
    /// `answer` is that to the question for its chain, where that was asked.
    ///
    /// A node that refuses the question is believed what it told before, and where it
    /// told nothing is judged by its block alone. One that leaves the question without
    /// any answer has failed, as if it had left that for the block.
    pub fn judge(
        &mut self,
        head: Result<BlockNumber, Reason>,
        answer: Option<Result<u64, Reason>>,
    ) -> Result<BlockNumber, Reason> {
        self.rounds_to_go = if answer.is_some() { ROUNDS } else { self.rounds_to_go };
        self.rounds_to_go = self.rounds_to_go.saturating_sub(1);
        let failure = match answer {
            Some(Ok(id)) => {
                self.told = Some(id);
                None
            }
            Some(Err(reason @ (Reason::Timeout | Reason::Connect | Reason::Tls))) => Some(reason),
            Some(Err(_)) => {
                // Whoever refuses everything does not refuse this.
                self.has_refused |= head.is_ok();
                None
            }
            None => None,
        };
        let usable = match (head, failure) {
            (Err(reason), _) | (Ok(_), Some(reason)) => Err(reason),
            (Ok(block), None) if self.is_wrong() => Err(Reason::WrongChain(block)),
            (Ok(block), None) => Ok(block),
        };
        match usable {
            Ok(block) => self.last = Some(block),
            // Whoever answers next may be another node.
            Err(_) => self.rounds_to_go = 0,
        }
        usable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Option<Result<u64, Reason>> = Some(Err(Reason::RpcError(Some(-32601))));

    fn block(number: u64) -> BlockNumber {
        BlockNumber::new(number).unwrap()
    }

    /// One round of a node whose answers are these; whether it is asked is checked too.
    #[track_caller]
    fn round(
        chain: &mut Chain,
        head: Result<u64, Reason>,
        asked: Option<Result<u64, Reason>>,
        want: Result<u64, Reason>,
    ) {
        let head = head.map(block);
        let is_asked = chain.is_due() || head.is_ok_and(|block| chain.is_doubtful(block));
        assert_eq!(is_asked, asked.is_some(), "asked for its chain");
        assert_eq!(chain.judge(head, asked).map(BlockNumber::get), want);
    }

    #[test]
    fn asked_at_first_then_in_one_round_of_twenty() {
        let mut chain = Chain::new(137, 100);
        for number in 0..100 {
            let asked = (number % 20 == 0).then_some(Ok(137));
            round(&mut chain, Ok(number), asked, Ok(number));
        }
    }

    #[test]
    fn another_chain_has_no_block_for_as_long_as_it_is_told() {
        let mut chain = Chain::new(137, 100);
        round(&mut chain, Ok(10), Some(Ok(1)), Err(Reason::WrongChain(block(10))));
        round(&mut chain, Ok(11), Some(Ok(1)), Err(Reason::WrongChain(block(11))));
        round(&mut chain, Ok(12), REFUSED, Err(Reason::WrongChain(block(12))));
        round(&mut chain, Ok(13), Some(Ok(137)), Ok(13));
        round(&mut chain, Ok(14), None, Ok(14));
    }

    #[test]
    fn asked_again_when_it_may_be_another_node() {
        let mut chain = Chain::new(137, 100);
        round(&mut chain, Ok(1000), Some(Ok(137)), Ok(1000));
        round(&mut chain, Ok(1100), None, Ok(1100));
        round(&mut chain, Ok(1201), Some(Ok(137)), Ok(1201));
        round(&mut chain, Ok(1200), Some(Ok(1)), Err(Reason::WrongChain(block(1200))));
        round(&mut chain, Ok(1201), Some(Ok(137)), Ok(1201));
        round(&mut chain, Ok(1202), None, Ok(1202));
        round(&mut chain, Err(Reason::Connect), None, Err(Reason::Connect));
        round(&mut chain, Ok(1203), Some(Err(Reason::Timeout)), Err(Reason::Timeout));
        round(&mut chain, Ok(1203), Some(Ok(137)), Ok(1203));
        round(&mut chain, Ok(1203), None, Ok(1203));
    }

    #[test]
    fn one_that_refuses_is_judged_by_its_block_alone() {
        for refusal in
            [Reason::RpcError(None), Reason::RateLimited, Reason::HttpStatus(405), Reason::Malformed]
        {
            let mut chain = Chain::new(137, 100);
            round(&mut chain, Err(refusal), Some(Err(refusal)), Err(refusal));
            assert!(!chain.is_untold(), "it refuses everything");
            round(&mut chain, Ok(10), Some(Err(refusal)), Ok(10));
            assert!(chain.is_untold());
            round(&mut chain, Ok(11), None, Ok(11));
            // It told its chain before: nothing to say when it is asked once too often.
            round(&mut chain, Ok(9), Some(Ok(137)), Ok(9));
            round(&mut chain, Ok(8), Some(Err(refusal)), Ok(8));
            assert!(!chain.is_untold());
        }
    }
}
