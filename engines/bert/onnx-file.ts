// Writes a graph to disk: one file, or with its large tensors in a second one beside it, made one at a time on the way.

import { closeSync, openSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { byteLengthOf, encodeSplitModel, type OnnxGraph } from './onnx-writer.js';

/** From this many bytes of weights on, large tensors go to the second file, which sessions map and share. */
const EXTERNAL_DATA_FROM_BYTES = 64 * 1024 * 1024;

/** Whether a graph's large tensors go to a file of their own. */
export function hasExternalData(graph: OnnxGraph): boolean {
  return (
    graph.initializers.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0) >= EXTERNAL_DATA_FROM_BYTES
  );
}

/** Writes `modelFile`, and `dataFile` in the same folder when the graph is large. Says whether there is a second file. */
export function writeOnnxFile(graph: OnnxGraph, modelFile: string, dataFile: string): boolean {
  const isLarge = hasExternalData(graph);
  const { model, data } = encodeSplitModel(graph, 'loadrig', isLarge ? basename(dataFile) : undefined);
  writeChunks(modelFile, model);
  if (isLarge) writeChunks(dataFile, data);
  return isLarge;
}

function writeChunks(path: string, chunks: Iterable<Uint8Array>): void {
  const fd = openSync(path, 'w');
  try {
    for (const chunk of chunks) {
      for (let written = 0; written < chunk.length;) written += writeSync(fd, chunk, written);
    }
  } finally {
    closeSync(fd);
  }
}
