// Reads Python pickles without running anything: a machine of its own for the opcodes of protocols 2 to 5 that data needs
// (Python's pickletools.py describes them). What a global name or a call means is the caller's to decide, or to refuse.

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | { readonly type: 'tuple' | 'list'; readonly items: PickleValue[] }
  | { readonly type: 'dict'; readonly entries: Map<PickleValue, PickleValue> }
  | { readonly type: 'global'; readonly name: string }
  /** A value of the caller's, made of a call or a persistent id. */
  | { readonly type: 'made'; readonly made: unknown };

export interface PickleMeaning {
  /** What `name(...args)` stands for. Throws to refuse the name. */
  call(name: string, args: readonly PickleValue[]): PickleValue;
  /** Gives a made value its state; default: states mean nothing. */
  build?(target: PickleValue, state: PickleValue): void;
  /** What a persistent id stands for. */
  persistent(id: PickleValue): PickleValue;
  /** Throws to refuse the name. */
  checkGlobal(name: string): void;
}

/** What is wrong with a pickle; the caller adds the file's name. */
export class PickleError extends Error {
  override readonly name = 'PickleError';
}

const MOST_VALUES = 2_000_000;
const MARK = Symbol('mark');

/** The value that a pickle describes. @throws {PickleError} and what `meaning` throws. */
export function readPickle(bytes: Uint8Array, meaning: PickleMeaning): PickleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo = new Map<number, PickleValue>();
  const stack: (PickleValue | typeof MARK)[] = [];
  let at = 0;

  const take = (count: number): number => {
    if (count > bytes.length - at) {
      throw new PickleError(`it ends at byte ${bytes.length}, in the middle of a value of ${count} bytes`);
    }
    at += count;
    return at - count;
  };
  const text = (count: number): string => {
    const from = take(count);
    return new TextDecoder().decode(bytes.subarray(from, from + count));
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw new PickleError('a name has no end');
    const result = text(end - at);
    at++;
    return result;
  };
  const uint8 = (): number => view.getUint8(take(1));
  const uint32 = (): number => view.getUint32(take(4), true);
  const push = (value: PickleValue | typeof MARK): void => {
    if (stack.length >= MOST_VALUES) throw new PickleError(`more than ${MOST_VALUES} values on its stack`);
    stack.push(value);
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw new PickleError('it takes a value where there is none');
    return value;
  };
  const top = (): PickleValue => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const popToMark = (): PickleValue[] => {
    const from = stack.lastIndexOf(MARK);
    if (from < 0) throw new PickleError('a mark is missing');
    const values = stack.splice(from) as PickleValue[]; // the mark was the last one
    return values.slice(1);
  };
  const popMany = (count: number): PickleValue[] => Array.from({ length: count }, pop).reverse();
  const remember = (index: number): void => {
    if (memo.size >= MOST_VALUES) throw new PickleError(`more than ${MOST_VALUES} remembered values`);
    memo.set(index, top());
  };
  const recall = (index: number): void => {
    const value = memo.get(index);
    if (value === undefined) throw new PickleError(`it recalls value ${index}, which it never remembered`);
    push(value);
  };
  const pushGlobal = (name: string): void => {
    meaning.checkGlobal(name);
    push({ type: 'global', name });
  };
  const setItems = (pairs: readonly PickleValue[]): void => {
    const target = top();
    if (!isOf(target, 'dict') || pairs.length % 2 !== 0)
      throw new PickleError('it sets items of what is no dict');
    for (let i = 0; i < pairs.length; i += 2) target.entries.set(pairs[i]!, pairs[i + 1]!);
  };
  const appendItems = (items: readonly PickleValue[]): void => {
    const target = top();
    if (!isOf(target, 'list')) throw new PickleError('it appends to what is no list');
    for (const item of items) target.items.push(item);
  };
  const longInteger = (): bigint => {
    const count = uint8();
    if (count > 8) throw new PickleError(`a whole number of ${count} bytes`);
    const from = take(count);
    let value = 0n;
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]!);
    return BigInt.asIntN(8 * count, value);
  };

  for (;;) {
    const opcode = uint8();
    switch (opcode) {
      case 0x80: // PROTO
        if (uint8() > 5) throw new PickleError('its protocol is newer than 5');
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2e: // STOP
        return pop();
      case 0x28: // MARK
        push(MARK);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x31: // POP_MARK
        popToMark();
        break;
      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
        push(true);
        break;
      case 0x89: // NEWFALSE
        push(false);
        break;
      case 0x4b: // BININT1
        push(uint8());
        break;
      case 0x4d: // BININT2
        push(view.getUint16(take(2), true));
        break;
      case 0x4a: // BININT
        push(view.getInt32(take(4), true));
        break;
      case 0x8a: {
        // LONG1
        const value = longInteger();
        push(Number.isSafeInteger(Number(value)) ? Number(value) : value);
        break;
      }
      case 0x47: // BINFLOAT
        push(view.getFloat64(take(8), false));
        break;
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        push(text(uint32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        push(text(uint8()));
        break;
      case 0x43: {
        // SHORT_BINBYTES
        const count = uint8();
        const from = take(count);
        push(bytes.slice(from, from + count));
        break;
      }
      case 0x42: {
        // BINBYTES
        const count = uint32();
        const from = take(count);
        push(bytes.subarray(from, from + count));
        break;
      }
      case 0x8e: // BINBYTES8
      case 0x96: {
        // BYTEARRAY8
        const count = Number(view.getBigUint64(take(8), true));
        const from = take(count);
        push(bytes.subarray(from, from + count));
        break;
      }
      case 0x29: // EMPTY_TUPLE
        push({ type: 'tuple', items: [] });
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        push({ type: 'tuple', items: popMany(opcode - 0x84) });
        break;
      case 0x74: // TUPLE
        push({ type: 'tuple', items: popToMark() });
        break;
      case 0x5d: // EMPTY_LIST
        push({ type: 'list', items: [] });
        break;
      case 0x7d: // EMPTY_DICT
        push({ type: 'dict', entries: new Map() });
        break;
      case 0x61: // APPEND
        appendItems([pop()]);
        break;
      case 0x65: // APPENDS
        appendItems(popToMark());
        break;
      case 0x73: // SETITEM
        setItems(popMany(2));
        break;
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x71: // BINPUT
        remember(uint8());
        break;
      case 0x72: // LONG_BINPUT
        remember(uint32());
        break;
      case 0x94: // MEMOIZE
        remember(memo.size);
        break;
      case 0x68: // BINGET
        recall(uint8());
        break;
      case 0x6a: // LONG_BINGET
        recall(uint32());
        break;
      case 0x63: // GLOBAL
        pushGlobal(`${line()}.${line()}`);
        break;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          throw new PickleError('a global has no name');
        pushGlobal(`${module}.${name}`);
        break;
      }
      case 0x51: // BINPERSID
        push(meaning.persistent(pop()));
        break;
      case 0x52: {
        // REDUCE
        const [callee, args] = popMany(2);
        if (!isOf(callee, 'global') || !isOf(args, 'tuple'))
          throw new PickleError('it calls what is no function');
        push(meaning.call(callee.name, args.items));
        break;
      }
      case 0x62: {
        // BUILD: attributes of an object, such as a state dict's _metadata
        const state = pop();
        meaning.build?.(top(), state);
        break;
      }
      default:
        throw new PickleError(
          `opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${at - 1} is not allowed`,
        );
    }
  }
}

type Kind = 'tuple' | 'list' | 'dict' | 'global' | 'made';

/** Whether a value is of a kind that has a name. */
export function isOf<K extends Kind>(
  value: PickleValue | undefined,
  type: K,
): value is Extract<PickleValue, { readonly type: unknown }> & {
  readonly type: K;
} {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === type;
}
