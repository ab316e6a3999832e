//! PURE: what is worth a log line: each kind of trouble when it begins, and its end.

/// The kinds of trouble that were said since all was well.
#[derive(Debug, Default)]
pub struct Said(Vec<&'static str>);

impl Said {
    /// There is trouble of this kind; whether that is to be said.
    pub fn begins(&mut self, kind: &'static str) -> bool {
        let new = !self.0.contains(&kind);
        if new {
            self.0.push(kind);
        }
        new
    }

    /// All is well; whether that is to be said.
    pub fn ends(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_and_the_end_of_all_are_said_once() {
        let mut said = Said::default();
        assert!(!said.ends());
        assert!(said.begins("timeout") && !said.begins("timeout"));
        assert!(said.begins("connect") && !said.begins("timeout"));
        assert!(said.ends() && !said.ends());
        assert!(said.begins("timeout"));
    }
}
