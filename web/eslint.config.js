import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['dist', 'test-results', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ts.configs.strict,
  hooks.configs.flat['recommended-latest'],
  { files: ['src/**'], languageOptions: { globals: globals.browser } },
  { files: ['public/**'], languageOptions: { globals: globals.browser, sourceType: 'script' } },
  {
    rules: {
      // What a model wrote is shown as text, never as markup.
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Content is shown as text only.',
        },
        {
          selector: "JSXOpeningElement[name.name='style']",
          message: 'The page forbids style elements (CSP).',
        },
      ],
    },
  },
  prettier,
);
