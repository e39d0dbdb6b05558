//! Templates in suites: minijinja text, compiled once, checked before any call.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;

/// A template over the variables of a case. Text without `{{` or `{%` is itself; a template that is one
/// `{{ expression }}` keeps the expression's type, so that `"{{ expected }}"` may be a list or a number.
#[derive(Clone)]
pub struct Template {
    source: Arc<str>,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Literal,
    Expression(Arc<Environment<'static>>, Arc<str>),
    Text(Arc<Environment<'static>>),
}

/// A template that does not compile or cannot be rendered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("template: {message}")]
pub struct TemplateError {
    /// What is wrong, with the line inside the template where it is known.
    pub message: String,
}

const NAME: &str = "template";

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// A syntax error, with its line in the template.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        let form = if source.contains("{{") || source.contains("{%") || source.contains("{#") {
            let mut environment = Environment::new();
            // A misspelt variable must never render as an empty string into a prompt.
            environment.set_undefined_behavior(UndefinedBehavior::Strict);
            environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
            if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
                environment.set_syntax(syntax);
            }
            // A template from an untrusted suite cannot spin for ever.
            environment.set_fuel(Some(1_000_000));
            environment.add_template_owned(NAME, source.to_owned()).map_err(|e| TemplateError::from(&e))?;
            let environment = Arc::new(environment);
            match only_expression(source) {
                Some(expression) if environment.compile_expression(expression).is_ok() => {
                    Form::Expression(environment, expression.into())
                }
                _ => Form::Text(environment),
            }
        } else {
            Form::Literal
        };
        Ok(Self { source: source.into(), form })
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables the template reads: `question`, or `metadata.language` for an attribute.
    pub fn variables(&self) -> BTreeSet<String> {
        match &self.form {
            Form::Literal => BTreeSet::new(),
            Form::Expression(environment, _) | Form::Text(environment) => environment
                .get_template(NAME)
                .map(|template| template.undeclared_variables(true).into_iter().collect())
                .unwrap_or_default(),
        }
    }

    /// Renders to text.
    ///
    /// # Errors
    /// An unknown variable or a failing filter.
    pub fn render<S: Serialize>(&self, variables: S) -> Result<String, TemplateError> {
        match &self.form {
            Form::Literal => Ok(self.source.to_string()),
            Form::Expression(environment, _) | Form::Text(environment) => environment
                .get_template(NAME)
                .and_then(|template| template.render(Serde(variables)))
                .map_err(|e| TemplateError::from(&e)),
        }
    }

    /// Renders to a value: the expression's own value when the template is one `{{ expression }}`, else text.
    ///
    /// # Errors
    /// An unknown variable or a failing filter.
    pub fn evaluate<S: Serialize>(&self, variables: S) -> Result<Value, TemplateError> {
        let Form::Expression(environment, expression) = &self.form else {
            return self.render(variables).map(Value::String);
        };
        let value = environment
            .compile_expression(expression)
            .and_then(|compiled| compiled.eval(Serde(variables)))
            .map_err(|e| TemplateError::from(&e))?;
        if value.is_undefined() {
            return Err(TemplateError { message: format!("`{expression}` is not defined") });
        }
        serde_json::to_value(&value).map_err(|e| TemplateError { message: e.to_string() })
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.source)
    }
}

impl From<&minijinja::Error> for TemplateError {
    fn from(error: &minijinja::Error) -> Self {
        let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        if error.kind() == minijinja::ErrorKind::UndefinedError && error.detail().is_none() {
            message = "a variable is not defined".into();
        }
        if let Some(line) = error.line() {
            message.push_str(&format!(" (line {line} of the template)"));
        }
        Self { message }
    }
}

/// The inside of `{{ … }}` when that is the whole template.
fn only_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%")).then_some(inner.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_single_expressions_render_as_expected() {
        let variables = json!({"q": "why", "gold": ["a", "b"], "n": 3});
        assert_eq!(Template::new("plain {text}").unwrap().render(&variables).unwrap(), "plain {text}");
        assert_eq!(Template::new("Q: {{ q }}?").unwrap().render(&variables).unwrap(), "Q: why?");
        assert_eq!(Template::new("{{ gold }}").unwrap().evaluate(&variables).unwrap(), json!(["a", "b"]));
        assert_eq!(Template::new(" {{ n }} ").unwrap().evaluate(&variables).unwrap(), json!(3));
        assert_eq!(Template::new("{{ q }} {{ n }}").unwrap().evaluate(&variables).unwrap(), json!("why 3"));
    }

    #[test]
    fn an_unknown_variable_is_an_error_not_an_empty_text() {
        assert!(Template::new("{{ nope }}").unwrap().render(json!({})).is_err());
        assert!(Template::new("{{ nope }}").unwrap().evaluate(json!({})).is_err());
        assert!(Template::new("a {{ b.c }}").unwrap().render(json!({"b": {}})).is_err());
    }

    #[test]
    fn broken_syntax_names_the_line() {
        let error = Template::new("one\n{{ two").unwrap_err();
        assert!(error.message.contains("line 2"), "{error}");
    }

    #[test]
    fn the_variables_of_a_template_are_known_before_rendering() {
        let template = Template::new("{{ a }}{% for x in b %}{{ x }}{% endfor %}{{ metadata.lang }}").unwrap();
        let variables = template.variables();
        assert!(variables.contains("a") && variables.contains("b") && variables.contains("metadata.lang"));
        assert!(!variables.contains("x"));
    }

    #[test]
    fn model_text_is_never_evaluated_as_a_template() {
        let template = Template::new("{{ q }}").unwrap();
        assert_eq!(template.render(json!({"q": "{{ 1 + 1 }}"})).unwrap(), "{{ 1 + 1 }}");
    }

    #[test]
    fn an_endless_template_runs_out_of_fuel() {
        let template = Template::new("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}");
        assert!(template.unwrap().render(json!({})).is_err());
    }
}
