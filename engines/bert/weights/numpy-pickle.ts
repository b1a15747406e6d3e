// A pickle of `{name: numpy array}`, as NVIDIA's demo/BERT keeps Megatron's weights (weights.pkl). Follows numpy's own pickling
// (numpy/_core/multiarray: _reconstruct with a state, or numeric._frombuffer from protocol 5 on). Nothing in the file is run.

import { readFileSync } from 'node:fs';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import type { TensorDtype } from '../safetensors.js';
import { isOf, PickleError, readPickle, type PickleMeaning, type PickleValue } from './pickle.js';
import { underPlainNames, type StoredTensor, type WeightSource } from './weight-source.js';

/** numpy's short names; little-endian is checked apart. */
const dtypes: ReadonlyMap<string, readonly [TensorDtype, elementBytes: number]> = new Map([
  ['f2', ['F16', 2]],
  ['f4', ['F32', 4]],
  ['f8', ['F64', 8]],
  ['i1', ['I8', 1]],
  ['i4', ['I32', 4]],
  ['i8', ['I64', 8]],
]);

/** Objects of numpy; the state of an array and the byte order of a type come after they are made. */
type NumpyMade =
  | { readonly of: 'dtype'; readonly name: string; order: string }
  | { readonly of: 'array'; array: NumpyArray | undefined };
interface NumpyArray extends StoredTensor {
  readonly bytes: Uint8Array;
}

/** @throws {ConfigError} when it is damaged, holds no arrays or wants anything run. @throws {SetupError} when it cannot be read. */
export function openNumpyPickle(path: string): WeightSource {
  let bytes: Uint8Array;
  try {
    const { buffer, byteOffset, length } = readFileSync(path);
    bytes = new Uint8Array(buffer, byteOffset, length); // whose slices are copies; a Buffer's are not
  } catch (cause) {
    throw new SetupError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  try {
    const tensors = underPlainNames(path, namedArrays(readPickle(bytes, meaningFor(path))));
    if (tensors.size === 0) throw new PickleError('it is no dict of names and numpy arrays');
    return {
      kind: 'pickle',
      files: [path],
      tensors,
      read: (name) => tensors.get(name)!.bytes.slice(), // callers take names from `tensors`
      [Symbol.dispose]: () => tensors.clear(),
    };
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new ConfigError(`${path}: not a complete pickle of numpy arrays: ${error.message}`, {
      cause: error,
    });
  }
}

const callables: ReadonlySet<string> = new Set([
  ...['_core', 'core'].flatMap((core) => [
    `numpy.${core}.multiarray._reconstruct`,
    `numpy.${core}.multiarray.scalar`,
    `numpy.${core}.numeric._frombuffer`,
  ]),
  'numpy.dtype',
  'numpy.ndarray',
  '_codecs.encode',
  'collections.OrderedDict',
]);

function meaningFor(path: string): PickleMeaning {
  return {
    checkGlobal(name) {
      if (callables.has(name)) return;
      throw new ConfigError(
        `${path}: its pickle wants ${name}, and nothing but numpy arrays is read from it; no code was run.`,
      );
    },
    call(name, args) {
      switch (name.replace('numpy.core.', 'numpy._core.')) {
        case 'collections.OrderedDict':
          if (args.length > 0) throw new PickleError('an OrderedDict with arguments');
          return { type: 'dict', entries: new Map() };
        case '_codecs.encode': // how protocol 2 writes bytes: a text of their values
          return latin1Bytes(args);
        case 'numpy.dtype':
          if (typeof args[0] !== 'string') throw new PickleError('a dtype without a name');
          return made({ of: 'dtype', name: args[0], order: '|' });
        case 'numpy._core.multiarray._reconstruct':
          return made({ of: 'array', array: undefined });
        case 'numpy._core.multiarray.scalar':
          return made({ of: 'array', array: arrayOf([], args[0], args[1]) });
        case 'numpy._core.numeric._frombuffer': {
          const [buffer, dtype, shape, order] = args;
          if (order !== 'C') throw new PickleError('an array in Fortran order');
          return made({ of: 'array', array: arrayOf(sizesOf(shape), dtype, buffer) });
        }
        default:
          throw new PickleError(`a call of ${name}`);
      }
    },
    build(target, state) {
      const object = numpyOf(target);
      const items = isOf(state, 'tuple') ? state.items : [];
      if (object?.of === 'dtype') object.order = typeof items[1] === 'string' ? items[1] : '?';
      else if (object?.of === 'array') {
        const [, shape, dtype, isFortran, data] = items;
        if (isFortran !== false) throw new PickleError('an array in Fortran order');
        object.array = arrayOf(sizesOf(shape), dtype, data);
      }
    },
    persistent() {
      throw new PickleError('it refers to something outside of it');
    },
  };
}

const made = (object: NumpyMade): PickleValue => ({ type: 'made', made: object });

function numpyOf(value: PickleValue | undefined): NumpyMade | undefined {
  // `made` is the only maker of such values here.
  return isOf(value, 'made') ? (value.made as NumpyMade) : undefined;
}

function latin1Bytes([text, encoding]: readonly PickleValue[]): Uint8Array {
  if (typeof text !== 'string' || encoding !== 'latin1')
    throw new PickleError('bytes in an unknown encoding');
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

function sizesOf(value: PickleValue | undefined): readonly number[] {
  const items = isOf(value, 'tuple') ? value.items : undefined;
  if (items?.every((size) => Number.isSafeInteger(size) && (size as number) >= 0) !== true)
    throw new PickleError('an array without a shape');
  return items as readonly number[]; // just checked
}

function arrayOf(
  shape: readonly number[],
  dtypeValue: PickleValue | undefined,
  data: PickleValue | undefined,
): NumpyArray {
  const type = numpyOf(dtypeValue);
  if (type?.of !== 'dtype') throw new PickleError('an array without a dtype');
  const [dtype, elementBytes] = dtypes.get(type.name) ?? [];
  if (dtype === undefined || elementBytes === undefined)
    throw new PickleError(`an array of dtype ${type.name}; ${[...dtypes.keys()].join(', ')} can be read`);
  if (type.order === '>') throw new PickleError('an array with the highest byte first');
  if (!(data instanceof Uint8Array)) throw new PickleError('an array whose values are no bytes');
  const count = shape.reduce((product, size) => product * size, 1);
  if (data.length !== count * elementBytes) {
    throw new PickleError(`an array ${type.name}[${shape.join(', ')}] of ${data.length} bytes`);
  }
  return { dtype, shape, bytes: data };
}

/** Arrays, and numbers as arrays of one: ranges are kept either way. */
function namedArrays(root: PickleValue): readonly (readonly [string, NumpyArray])[] {
  if (!isOf(root, 'dict')) return [];
  return [...root.entries].flatMap(([name, value]) => {
    if (typeof name !== 'string') return [];
    const number = typeof value === 'number' ? Float64Array.of(value) : undefined;
    const array =
      number === undefined
        ? arrayIn(value)
        : { dtype: 'F64' as const, shape: [], bytes: new Uint8Array(number.buffer) };
    return array === undefined ? [] : [[name, array] as const];
  });
}

function arrayIn(value: PickleValue): NumpyArray | undefined {
  const object = numpyOf(value);
  return object?.of === 'array' ? object.array : undefined;
}
