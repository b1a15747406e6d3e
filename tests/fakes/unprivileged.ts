// Rights as a usual user has them: root, which tests in containers often run as, may write everywhere.

const NOBODY = 65_534;

/** Runs `act` as a user who owns nothing, where the tests run as root; as it is elsewhere. */
export async function unprivileged<T>(act: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return act();
  process.seteuid?.(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
