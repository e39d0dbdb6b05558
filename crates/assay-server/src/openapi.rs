//! The OpenAPI 3.1 document of the API: a file that a test makes from the list of endpoints and the types of their
//! functions. The server answers with the file, and has nothing in it that would make it.

#[cfg(test)]
mod describe;
#[cfg(test)]
pub use describe::{OfAnswer, OfInput, Types};
#[cfg(not(test))]
pub use silent::{OfAnswer, OfInput, Types};

/// The document.
pub const DOCUMENT: &str = include_str!("../openapi.json");

/// The names in a path.
pub fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// What is said of types where no document is made: nothing.
#[cfg(not(test))]
mod silent {
    /// What the document says of an endpoint's types.
    pub struct Types;

    impl Types {
        /// Those of a function.
        pub fn of<Q, B, T>() -> Self {
            Self
        }

        /// Those of a function that makes the response itself.
        pub fn answering<T>(self) -> Self {
            self
        }
    }

    /// What the document says of a type that functions answer with.
    pub trait OfAnswer {}

    impl<T> OfAnswer for T {}

    /// What the document says of a type that functions take as a body.
    pub trait OfInput {}

    impl<T> OfInput for T {}
}
