//! Parameters in the API description, made from the same declarations that parse them.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Required, Schema};

use super::filter::FilterParam;

/// What a parameter's text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Integer,
    Number,
    Boolean,
    DateTime,
    /// Repeatable.
    TextList,
    /// One of these, or several where repeatable.
    Words {
        words: &'static [&'static str],
        is_list: bool,
    },
}

/// A query parameter as the API description shows it.
#[derive(Clone, Copy, Debug)]
pub struct ParamDoc {
    pub name: &'static str,
    pub shape: Shape,
    pub doc: &'static str,
    pub is_required: bool,
}

impl ParamDoc {
    pub const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self {
            name,
            shape,
            doc,
            is_required: false,
        }
    }

    pub const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    pub fn to_parameter(self) -> Parameter {
        let required = if self.is_required {
            Required::True
        } else {
            Required::False
        };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(required)
            .description(Some(self.doc))
            .schema(Some(self.shape.to_schema()))
            .build()
    }
}

impl Shape {
    fn to_schema(self) -> Schema {
        let simple = |kind: Type| ObjectBuilder::new().schema_type(kind);
        match self {
            Self::Text => simple(Type::String).into(),
            Self::Integer => simple(Type::Integer).into(),
            Self::Number => simple(Type::Number).into(),
            Self::Boolean => simple(Type::Boolean).into(),
            Self::DateTime => {
                let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
                simple(Type::String).format(Some(format)).into()
            }
            Self::TextList => list_of(simple(Type::String)),
            Self::Words { words, is_list } => {
                let word = simple(Type::String).enum_values(Some(words.iter().copied()));
                if is_list { list_of(word) } else { word.into() }
            }
        }
    }
}

fn list_of(item: ObjectBuilder) -> Schema {
    Schema::Array(ArrayBuilder::new().items(item).build())
}

/// The parameters of a route: its own, then its filters.
pub fn parameters(own: &[ParamDoc], filters: &[FilterParam]) -> Vec<Parameter> {
    let filters = filters.iter().map(FilterParam::document);
    own.iter()
        .copied()
        .chain(filters)
        .map(ParamDoc::to_parameter)
        .collect()
}
