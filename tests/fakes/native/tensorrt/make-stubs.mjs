// Writes a class for each abstract class of TensorRT that the fake implements, in which every pure virtual function ends the
// program with its name: the fake then overrides those that it knows, whatever else a release's headers declare.
//
// usage: make-stubs.mjs INCLUDE_FOLDER > stubs.h

import { execFileSync } from 'node:child_process';

const include = process.argv[2];
const wanted = {
  'nvinfer1::apiv': [
    'VRuntime',
    'VCudaEngine',
    'VExecutionContext',
    'VEngineInspector',
    'VHostMemory',
    'VBuilder',
    'VBuilderConfig',
    'VNetworkDefinition',
    'VOptimizationProfile',
    'VTimingCache',
    'VTensor',
    'VRefitter',
  ],
  nvinfer1: ['IPluginRegistry'],
  nvonnxparser: ['IParser', 'IParserError', 'IParserRefitter'],
};

// The preprocessor takes out comments and says what the macros of declarations mean.
const source = execFileSync('g++', ['-std=c++17', '-E', '-P', '-I', include, '-x', 'c++', '-'], {
  input: '#include <NvInfer.h>\n#include <NvOnnxParser.h>\n',
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});

/** The text between the braces of a class; undefined where these headers do not have it. */
function bodyOf(name) {
  const head = new RegExp(`class\\s+${name}\\b[^;{]*\\{`).exec(source);
  if (head === null) return undefined;
  const start = head.index + head[0].length;
  let depth = 1;
  let end = start;
  for (; depth > 0; end++) depth += source[end] === '{' ? 1 : source[end] === '}' ? -1 : 0;
  return source.slice(start, end - 1);
}

/** `class Stub…` with an override of each function that the class leaves open. */
function stubOf(name) {
  const body = bodyOf(name);
  if (body === undefined) return `// these headers have no ${name}`;
  const overrides = [...body.matchAll(/virtual\s+([^;{}]*?)\s*=\s*0\s*;/gs)].map(([, declaration]) => {
    const text = declaration.replace(
      /\[\[nodiscard\]\]|__attribute__\(\(.*?\)\)|\[\[deprecated.*?\]\]/gs,
      '',
    );
    if (text.includes('~')) return ''; // a destructor: the compiler writes it
    const method = /([A-Za-z_]\w*)\s*\(/.exec(text)[1];
    return `    ${text.replace(/\s+/g, ' ').trim()} override { ::fake::unknownCall("${name}::${method}"); }`;
  });
  return `class Stub${name} : public ${name}\n{\npublic:\n${overrides.join('\n')}\n};`;
}

const parts = Object.entries(wanted).map(
  ([namespace, names]) =>
    `namespace ${namespace}\n{\n${names.map(stubOf).join('\n\n')}\n} // namespace ${namespace}\n`,
);
process.stdout.write(
  `#pragma once\n#include <NvInfer.h>\n#include <NvOnnxParser.h>\n\nnamespace fake\n{\n[[noreturn]] void unknownCall(char const* function);\n}\n\n${parts.join('\n')}`,
);
