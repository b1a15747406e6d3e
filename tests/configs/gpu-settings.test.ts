// What the settings of engine tensorrt promise of themselves.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gpuSettingsSchema } from '../../configs/gpu-settings.js';
import { withoutEffect } from '../../configs/without-effect.js';

const folder = 'engines/tensorrt';
const code = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(folder, file), 'utf8'))
  .join('\n');

describe('a setting of engine tensorrt', () => {
  it.each(Object.entries(gpuSettingsSchema.shape))(
    '%s has an effect, or says in its help that it has none',
    (key, schema) => {
      const description = schema.meta()?.description ?? '';
      const isRead = new RegExp(`\\b${key}\\b`).test(code);
      expect(description.includes('without effect here')).toBe(key in withoutEffect);
      expect(isRead).toBe(!(key in withoutEffect));
    },
  );
});
