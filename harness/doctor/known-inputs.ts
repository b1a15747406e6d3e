// SHA-256 of the data and model that ship with the program, in lower-case hex; tests compare them with the files.

export const knownInputs: Readonly<Record<string, string>> = {
  'data/models/minilm-qa/model.safetensors':
    '14b9234970dd7086657c56f72a4ae676e13451b2b9e0227b60f384abf13c75e3',
  'data/models/minilm-qa/vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
  'data/models/minilm-qa/config.json': '8b037ae115c912ecb6a763bc75f874722dd48d939c0bb901968476ed0c95ca3f',
  'data/squad/xquad.en.json': 'e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29',
};

/** The hash that a file should have; undefined for a person's own. */
export function knownSha256(path: string): string | undefined {
  const plain = path.replaceAll('\\', '/');
  return Object.entries(knownInputs).find(([known]) => plain === known || plain.endsWith(`/${known}`))?.[1];
}
