// onnxruntime 1.30 uploads telemetry on Linux unless this is set before its library is first loaded, and only the main
// thread's environment counts. Import this module before anything that may import onnxruntime-node.

process.env['ORT_DISABLE_TELEMETRY'] = '1';
