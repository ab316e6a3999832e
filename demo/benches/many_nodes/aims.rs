//! What is aimed at, and what is missed.

/// What asking so many nodes may cost.
#[derive(Debug, Clone, Copy)]
pub struct Aims {
    /// How many are asked.
    pub nodes: usize,
    /// Share of one core, all threads together.
    pub cores: Option<f64>,
    /// The highest resident memory.
    pub mib: Option<f64>,
    /// How many seconds a round may end after its slowest node.
    pub beyond_slowest: f64,
    /// How many milliseconds a scrape may take while nodes hang.
    pub scrape: Option<f64>,
    /// How much of the CPU that a probe of blackbox_exporter takes a request may take.
    pub blackbox: Option<f64>,
}

impl Aims {
    /// What headlag promises. The time of a scrape is one for an exporter of usual size, with nodes
    /// that hang; a scrape of 10,000 nodes is a text of some 40 MB.
    pub const ALL: [Self; 3] = [
        Self { nodes: 200, cores: None, mib: None, beyond_slowest: 1.0, scrape: Some(20.0), blackbox: None },
        Self {
            nodes: 2_000,
            cores: Some(0.1),
            mib: Some(100.0),
            beyond_slowest: 1.0,
            scrape: None,
            blackbox: Some(1.0 / 20.0),
        },
        Self {
            nodes: 10_000,
            cores: Some(1.0),
            mib: None,
            beyond_slowest: 1.0,
            scrape: None,
            blackbox: None,
        },
    ];

    /// Those set for so many nodes.
    pub fn of(nodes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|aims| aims.nodes == nodes)
    }
}

/// How many aims were missed so far.
#[derive(Debug, Default)]
pub struct Verdict {
    pub missed: usize,
}

impl Verdict {
    /// Prints a figure with so many digits, and whether it is within its aim.
    pub fn judge(&mut self, what: &str, figure: f64, digits: usize, most: Option<f64>) {
        let note = match most {
            Some(most) if figure > most => {
                self.missed += 1;
                format!("  MISSED: at most {most}")
            }
            Some(most) => format!("  at most {most}"),
            None => String::new(),
        };
        println!("{what:<42} {figure:>9.digits$}{note}");
    }
}
