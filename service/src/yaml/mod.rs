//! Config files in YAML: a tree that knows its lines, how to take values out of it, and all
//! problems in one report.

pub mod header;
pub mod reader;
pub mod report;
pub mod tree;
pub mod variables;
