// What is proven from the layers of real engines: fusion, precision, what is left over, where the time goes.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { layersOf, proveLayers } from '../../../engines/tensorrt/layer-proof.js';

const file = new URL('../../fixtures/tensorrt/layers-10.6.json', import.meta.url);
const real = JSON.parse(readFileSync(file, 'utf8')) as Record<
  'interleaved' | 'packed' | 'padded',
  readonly object[]
>;

describe('the layers of an engine', () => {
  it('of the interleaved int8 network: attention, LayerNorm and GELU fused, every product int8', () => {
    const proof = proveLayers(real.interleaved, 2, 'int8');
    expect(proof).toMatchObject({
      attention_fused: 2,
      attention_of: 2,
      gelu_fused: true,
      gemms_by_precision: { Int8: 9 },
      layers_by_class: { attention: 2, gemm: 7, gemm_gelu: 2 },
    });
    expect(proof.layers_by_class.layer_norm).toBeGreaterThanOrEqual(4);
    expect(proof.remarks.filter((remark) => !remark.startsWith('LayerNorm'))).toEqual([]);
  });

  it('of the packed network with Q/DQ: products int8, GELU in the product before it', () => {
    const proof = proveLayers(real.packed, 3, 'int8');
    expect(proof.attention_fused).toBe(3);
    expect(Object.keys(proof.gemms_by_precision)).toEqual(['Int8']);
    expect(proof.layers_by_class.gemm_gelu).toBeGreaterThanOrEqual(2);
    expect(proof.gelu_fused).toBe(true);
  });

  it('of the padded int8 network: a LayerNorm of two kernels is no product, though it names the one behind it', () => {
    const proof = proveLayers(real.padded, 2, 'int8');
    expect(proof).toMatchObject({
      attention_fused: 2,
      gelu_fused: true,
      gemms_by_precision: { Int8: 8, Half: 1 },
      layers_by_class: { attention: 2, gemm: 7, gemm_gelu: 2, layer_norm: 8, cast_or_reformat: 1 },
      // The one that is not int8 is the answer head, with its two columns.
      remarks: [],
    });
  });

  it('tells an attention that was not fused, and products in another precision', () => {
    const layers = [
      {
        Name: 'MatMul_1',
        LayerType: 'gemm',
        TacticName: 'sm90_xmma_gemm_f16f16',
        Inputs: [{ 'Format/Datatype': 'Half' }],
      },
      { Name: 'Softmax_2', LayerType: 'softmax', TacticName: 'softmax', Inputs: [] },
      { Name: 'Erf_3', LayerType: 'pointwise', TacticName: 'erf', Inputs: [] },
    ];
    const { remarks, attention_fused } = proveLayers(layers, 1, 'int8');
    expect(attention_fused).toBe(0);
    expect(remarks).toEqual([
      expect.stringContaining('attention fused in 0 of 1 layers: 1 softmax layers stand alone'),
      'GELU has layers of its own, outside the product before it',
      '0 of 1 products run in int8 (the others: 1 Half)',
    ]);
  });

  it('shares the time out among classes, by the names of a profiled run', () => {
    const { time_share, slowest } = proveLayers(real.interleaved, 2, 'int8', [
      { layer: 'l0.att', ms: 1 },
      { layer: 'l0.qkv.conv', ms: 3 },
    ]);
    expect(time_share).toEqual({ attention: 0.25, gemm: 0.75 });
    expect(slowest?.[0]).toMatchObject({ layer: 'l0.qkv.conv', class: 'gemm', ms: 3 });
  });

  it('says that nothing is proven where layers have no more than names', () => {
    const { remarks } = proveLayers(
      layersOf('{"Layers": ["layer 1", "layer 2"], "Bindings": []}'),
      1,
      'fp16',
    );
    expect(remarks).toContain('no product could be told from the layer names: the precision is not proven');
  });

  it.each(['', 'not JSON', '[]', '{"Bindings": []}'])('says so where TensorRT told %j', (inspection) => {
    const { remarks, layer_count } = proveLayers(layersOf(inspection), 1, 'fp16');
    expect(layer_count).toBe(0);
    expect(remarks).toEqual(['TensorRT told no layers that could be read: nothing is proven']);
  });
});
