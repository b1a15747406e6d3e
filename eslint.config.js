import tseslint from 'typescript-eslint';

// harness → engines → scenarios → configs, systems: each folder may import only to the right of itself.
const forbidden = {
  configs: ['harness', 'engines', 'scenarios', 'systems'],
  systems: ['harness', 'engines', 'scenarios', 'configs'],
  scenarios: ['harness', 'engines', 'systems'],
  engines: ['harness'],
};

const folderRules = Object.entries(forbidden).map(([folder, others]) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: others.map((other) => ({
          group: [`**/${other}/**`],
          message: `${folder}/ may not import ${other}/ (dependencies point harness → engines → scenarios → configs, systems).`,
        })),
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['build/**', 'node_modules/**', 'results/**', 'data/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allow: [{ name: ['bigint'], from: 'lib' }] },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess makes `array[i]!` the honest form in proven loops
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    // A golden file and a compiled module have the form that their reader names: that is what the parameter is for.
    files: ['tests/golden-loadgen.ts', 'tests/built.ts'],
    rules: { '@typescript-eslint/no-unnecessary-type-parameters': 'off' },
  },
  ...folderRules,
);
