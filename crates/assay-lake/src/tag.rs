//! Whether a row has some metadata.
//!
//! `array_has(map_extract(metadata, key), value)` makes two arrays for each row; here keys and values are compared where they
//! lie.

use datafusion::arrow::array::{Array, BooleanArray, Scalar};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::and;
use datafusion::arrow::compute::kernels::cmp::eq;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_map_array;
use datafusion::common::utils::take_function_args;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The SQL function `has_tag(metadata, 'key', 'value')`.
pub(crate) fn has_tag() -> ScalarUDF {
    ScalarUDF::from(HasTag { signature: Signature::any(3, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HasTag {
    signature: Signature,
}

impl ScalarUDFImpl for HasTag {
    fn name(&self) -> &str {
        "has_tag"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [map, key, value] = take_function_args(self.name(), args.args)?;
        let (ColumnarValue::Scalar(key), ColumnarValue::Scalar(value)) = (key, value) else {
            return exec_err!("has_tag takes a key and a value that are the same for all rows");
        };
        let map = map.into_array(args.number_rows)?;
        let map = as_map_array(&map)?;
        // Readers give texts in an encoding of their own.
        let of = |text: ScalarValue, kind: &DataType| text.cast_to(kind)?.to_scalar();
        let (key, value): (Scalar<_>, Scalar<_>) = (of(key, map.key_type())?, of(value, map.value_type())?);
        let same = and(&eq(map.keys(), &key)?, &eq(map.values(), &value)?)?;
        // A value that is missing is not the one.
        let same = same.nulls().map_or_else(|| same.values().clone(), |known| same.values() & known.inner());
        let offsets = map.value_offsets();
        let has = BooleanBuffer::collect_bool(args.number_rows, |row| {
            (offsets[row]..offsets[row + 1]).any(|at| same.value(at as usize))
        });
        Ok(ColumnarValue::Array(std::sync::Arc::new(BooleanArray::new(has, None))))
    }
}
