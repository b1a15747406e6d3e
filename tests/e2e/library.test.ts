// The built package as a third party has it: imported by its name from a folder of its own, typed, documented.

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from '../built.js';

const examples = readdirSync(join(repository, 'examples')).filter((name) => name !== 'library.mjs');

/** A project that has installed loadrig and Node's types, and copied the examples. */
let project = '';
beforeAll(() => {
  project = temporaryFolder();
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true });
  symlinkSync(repository, join(project, 'node_modules', 'loadrig'), 'dir');
  for (const types of ['node']) {
    const link = join('node_modules', '@types', types);
    symlinkSync(join(repository, link), join(project, link), 'dir');
  }
  cpSync(join(repository, 'examples'), project, { recursive: true });
});

describe.each(examples)('examples/%s', (example) => {
  it('runs to a VALID result with logs in the folder it is given', async () => {
    const logs = join(project, `logs-${example}`);
    mkdirSync(logs);
    const { exitCode, stdout, stderr } = await execa('node', [example, logs], {
      cwd: project,
      reject: false,
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(': VALID');
    expect(exitCode).toBe(0);
    expect(readdirSync(logs)).toEqual([
      'mlperf_log_accuracy.json',
      'mlperf_log_detail.txt',
      'mlperf_log_summary.txt',
    ]);
  });

  it('fits on a screen', () => {
    expect(readFileSync(join(repository, 'examples', example), 'utf8').split('\n').length).toBeLessThan(61);
  });
});

describe('the types of the package', () => {
  it('fit what the examples do with them, strictly', () => {
    const program = ts.createProgram(
      examples.map((name) => join(project, name)),
      {
        allowJs: true,
        checkJs: true,
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: ['node'],
        typeRoots: [join(project, 'node_modules', '@types')],
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.NodeNext,
      },
    );
    const problems = ts.getPreEmitDiagnostics(program);
    expect(ts.formatDiagnostics(problems, host)).toBe('');
  });

  it('explain every name that the package exports, and every member', () => {
    const file = join(repository, 'build/js/scenarios/index.d.ts');
    const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, strict: true });
    const checker = program.getTypeChecker();
    const isExplained = (symbol: ts.Symbol): boolean =>
      ts.displayPartsToString(symbol.getDocumentationComment(checker)) !== '';
    const index = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    const exported = checker
      .getExportsOfModule(index)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
    const members = exported
      .filter((symbol) => symbol.flags & ts.SymbolFlags.Interface)
      .flatMap((symbol) =>
        checker
          .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
          .map((member) => [`${symbol.name}.${member.name}`, member] as const),
      );
    expect(exported.length).toBeGreaterThan(20);
    expect(members.length).toBeGreaterThan(50);
    expect(exported.filter((symbol) => !isExplained(symbol)).map(({ name }) => name)).toEqual([]);
    expect(members.filter(([, member]) => !isExplained(member)).map(([name]) => name)).toEqual([]);
  });
});

const host: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => project,
  getNewLine: () => '\n',
};
