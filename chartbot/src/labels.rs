//! Enums whose members are the values of a metric's label.

/// Declares such an enum. `ALL` and `label` come from the same list as the members, so that
/// a new member cannot be missing where each of them is needed.
macro_rules! labels {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $member:ident = $label:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $member,)+ }

        impl $name {
            /// Every member.
            pub const ALL: &[Self] = &[$(Self::$member,)+];

            /// Its value of the label, which log lines show as well.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$member => $label,)+ }
            }
        }
    };
}

pub(crate) use labels;
