// PyTorch's .bin, .pt and .pth files: a zip archive of one pickle, which describes tensors, and their raw storages. Follows
// torch/serialization.py and torch/_utils.py. Nothing in the file is ever run: only the names below have a meaning.

import { ConfigError } from '../../../configs/errors.js';
import type { TensorDtype } from '../safetensors.js';
import { openByteFile } from './byte-file.js';
import { isOf, PickleError, readPickle, type PickleMeaning, type PickleValue } from './pickle.js';
import { underPlainNames, type StoredTensor, type WeightSource } from './weight-source.js';
import { openZip, type ZipFile } from './zip.js';

const storageTypes: ReadonlyMap<string, readonly [TensorDtype, elementBytes: number]> = new Map([
  ['torch.DoubleStorage', ['F64', 8]],
  ['torch.FloatStorage', ['F32', 4]],
  ['torch.HalfStorage', ['F16', 2]],
  ['torch.BFloat16Storage', ['BF16', 2]],
  ['torch.LongStorage', ['I64', 8]],
  ['torch.IntStorage', ['I32', 4]],
  ['torch.ShortStorage', ['I16', 2]],
  ['torch.CharStorage', ['I8', 1]],
  ['torch.ByteStorage', ['U8', 1]],
  ['torch.BoolStorage', ['BOOL', 1]],
]);
const callables: ReadonlySet<string> = new Set([
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'collections.OrderedDict',
]);
const MOST_PICKLE_BYTES = 64 << 20;

interface Storage {
  readonly key: string;
  readonly dtype: TensorDtype;
  readonly elementBytes: number;
  readonly elementCount: number;
}

interface PickledTensor extends StoredTensor {
  readonly storage: Storage;
  /** In elements. */
  readonly offset: number;
  /** In elements, one for each axis. */
  readonly strides: readonly number[];
}

/**
 * Opens a state dict, also one inside `{"model": …}` or `{"state_dict": …}`.
 *
 * @throws {ConfigError} when it is damaged, is no state dict, or wants anything run.
 */
export function openPyTorch(path: string): WeightSource {
  refuseOldFormat(path);
  const zip = openZip(path);
  try {
    const pickle = [...zip.entries.keys()].find((name) => /^[^/]*\/?data\.pkl$/.test(name));
    if (pickle === undefined)
      throw new ConfigError(`${path}: a zip archive without data.pkl: not saved by torch.save`);
    const root = pickle.slice(0, -'data.pkl'.length);
    checkByteOrder(zip, `${root}byteorder`);
    const sizeBytes = zip.entries.get(pickle)!.sizeBytes; // found above
    if (sizeBytes > MOST_PICKLE_BYTES) {
      throw new ConfigError(
        `${path}: data.pkl has ${sizeBytes} bytes; descriptions of tensors up to ${MOST_PICKLE_BYTES} can be read`,
      );
    }
    const found = namedTensors(path, unpickle(zip, pickle, root));
    const tensors = underPlainNames(path, found);
    return {
      kind: 'pytorch',
      files: [path],
      tensors,
      read: (name) => readTensor(zip, root, tensors.get(name)!), // callers take names from `tensors`
      [Symbol.dispose]: () => zip[Symbol.dispose](),
    };
  } catch (error) {
    zip[Symbol.dispose]();
    if (error instanceof PickleError) {
      throw new ConfigError(`${path}: not a pickle of tensors: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** Before PyTorch 1.6 a file was a row of pickles, before 0.1.10 a tar archive. */
function refuseOldFormat(path: string): void {
  using file = openByteFile(path);
  if (file.sizeBytes >= 2 && file.read(0, 1)[0] === 0x80) {
    throw new ConfigError(
      `${path}: in PyTorch's format before version 1.6. Load it with a trusted PyTorch and save it again with torch.save.`,
    );
  }
}

function checkByteOrder(zip: ZipFile, name: string): void {
  if (!zip.entries.has(name)) return;
  const order = new TextDecoder().decode(zip.read(name, 0, Math.min(16, zip.entries.get(name)!.sizeBytes)));
  if (order !== 'little') {
    throw new ConfigError(`${zip.path}: its byte order is "${order}"; only "little" can be read`);
  }
}

function unpickle(zip: ZipFile, pickle: string, root: string): PickleValue {
  const refuse = (name: string): ConfigError =>
    new ConfigError(
      `${zip.path}: its pickle wants ${name}, and nothing but tensors is read from a checkpoint; no code was run. ` +
        'Save only the state dict: torch.save(model.state_dict(), …).',
    );
  const meaning: PickleMeaning = {
    checkGlobal(name) {
      if (!callables.has(name) && !storageTypes.has(name)) throw refuse(name);
    },
    call(name, args) {
      switch (name) {
        case 'collections.OrderedDict':
          if (args.length > 0) throw new PickleError('an OrderedDict with arguments');
          return { type: 'dict', entries: new Map() };
        case 'torch._utils._rebuild_parameter':
          return args[0] ?? null;
        case 'torch._utils._rebuild_tensor_v2':
          return { type: 'made', made: tensorOf(args) };
        default:
          throw refuse(`a call of ${name}`);
      }
    },
    persistent: (id) => ({ type: 'made', made: storageOf(zip, root, id) }),
  };
  return readPickle(zip.read(pickle), meaning);
}

/** `('storage', torch.FloatStorage, key, place, element count)` */
function storageOf(zip: ZipFile, root: string, id: PickleValue): Storage {
  const [tag, type, key, , elementCount] = isOf(id, 'tuple') ? id.items : [];
  const [dtype, elementBytes] = (isOf(type, 'global') ? storageTypes.get(type.name) : undefined) ?? [];
  if (tag !== 'storage' || dtype === undefined || elementBytes === undefined || typeof key !== 'string')
    throw new PickleError('a storage is not described as torch.save does it');
  if (!isCount(elementCount)) throw new PickleError(`storage ${key} claims a wrong number of elements`);
  const entry = zip.entries.get(`${root}data/${key}`);
  if (entry === undefined) throw new PickleError(`storage data/${key} is missing from the archive`);
  if (entry.sizeBytes < elementCount * elementBytes) {
    throw new PickleError(
      `storage ${key} claims ${elementCount} elements of ${elementBytes} bytes, its entry has ${entry.sizeBytes} bytes`,
    );
  }
  return { key, dtype, elementBytes, elementCount };
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, …)` */
function tensorOf(args: readonly PickleValue[]): PickledTensor {
  const [storageValue, offset, shapeValue, stridesValue] = args;
  const shape = isOf(shapeValue, 'tuple') ? shapeValue.items.filter(isCount) : [];
  const strides = isOf(stridesValue, 'tuple') ? stridesValue.items.filter(isCount) : [];
  if (
    !isOf(storageValue, 'made') ||
    !isStorage(storageValue.made) ||
    !isOf(shapeValue, 'tuple') ||
    !isOf(stridesValue, 'tuple') ||
    shape.length !== shapeValue.items.length ||
    strides.length !== shape.length ||
    stridesValue.items.length !== shape.length ||
    !isCount(offset)
  ) {
    throw new PickleError('a tensor is not described as torch.save does it');
  }
  const storage = storageValue.made;
  const elementCount = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (elementCount > storage.elementCount || (elementCount > 0 && last >= storage.elementCount)) {
    throw new PickleError(
      `a tensor [${shape.join(', ')}] reaches beyond its storage of ${storage.elementCount} elements`,
    );
  }
  return { dtype: storage.dtype, shape, storage, offset, strides };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isStorage = (value: unknown): value is Storage =>
  typeof value === 'object' && value !== null && 'elementCount' in value;
const isTensor = (value: unknown): value is PickledTensor =>
  typeof value === 'object' && value !== null && 'strides' in value;

/** The tensors of a state dict, or of one in a dict under "model" or "state_dict". */
function namedTensors(path: string, root: PickleValue): readonly (readonly [string, PickledTensor])[] {
  const own = tensorsOf(root);
  if (own.length > 0) return own;
  if (isOf(root, 'dict')) {
    for (const key of ['model', 'state_dict', 'model_state_dict']) {
      const inner = tensorsOf(root.entries.get(key));
      if (inner.length > 0) return inner;
    }
  }
  throw new ConfigError(
    `${path}: no tensors found. Wanted is a state dict, by itself or under "model" or "state_dict".`,
  );
}

function tensorsOf(value: PickleValue | undefined): readonly (readonly [string, PickledTensor])[] {
  if (!isOf(value, 'dict')) return [];
  return [...value.entries].flatMap(([name, entry]) =>
    typeof name === 'string' && isOf(entry, 'made') && isTensor(entry.made)
      ? [[name, entry.made] as const]
      : [],
  );
}

function readTensor(zip: ZipFile, root: string, tensor: PickledTensor): Uint8Array {
  const { storage, shape, strides, offset } = tensor;
  const { elementBytes } = storage;
  const count = shape.reduce((product, size) => product * size, 1);
  const entry = `${root}data/${storage.key}`;
  if (count === 0) return new Uint8Array(0);
  const span = 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);
  const bytes = zip.read(entry, offset * elementBytes, span * elementBytes);
  if (isContiguous(shape, strides)) return bytes;
  const result = new Uint8Array(count * elementBytes);
  const place = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    const from = place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0) * elementBytes;
    result.set(bytes.subarray(from, from + elementBytes), i * elementBytes);
    for (let axis = shape.length - 1; axis >= 0 && ++place[axis]! === shape[axis]; axis--) place[axis] = 0;
  }
  return result;
}

/** C order without gaps; the stride of an axis of one element does not matter. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}
