// The exported network in the browser, by onnxruntime-web.

const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;

function softmax(logits) {
  const highest = Math.max(...logits), powers = Array.from(logits, logit => Math.exp(logit - highest));
  const sum = powers.reduce((a, b) => a + b);
  return Float32Array.from(powers, power => power / sum);
}

// Loads the network; `about` is what the server says of it.
export async function load({folder, file, outputs}) {
  const ort = await import(`${folder}ort.wasm.min.mjs`);
  Object.assign(ort.env.wasm, {numThreads: 1, wasmPaths: folder}); // threads would need rules that MediaPipe does not allow
  const session = await ort.InferenceSession.create(file, {executionProviders: ["wasm"]});
  // Head -> the probabilities at each moment, from the `inputs` of an answer.
  return async inputs => {
    const [moments, frames, channels, parts] = inputs.shape;
    const found = await session.run({
      frames: new ort.Tensor("float32", new Float32Array(bytes(inputs.frames)), [moments, frames, channels]),
      lengths: new ort.Tensor("int32", new Int32Array(bytes(inputs.lengths)), [moments]),
      valid: new ort.Tensor("bool", new Uint8Array(bytes(inputs.valid)), [moments, frames, parts]),
    });
    return Object.fromEntries(Object.entries(outputs).map(([head, output]) => {
      const logits = found[output].data, classes = logits.length / moments;
      return [head, Array.from({length: moments}, (_, m) => softmax(logits.subarray(m * classes, (m + 1) * classes)))];
    }));
  };
}
