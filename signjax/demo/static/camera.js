// The webcam through MediaPipe Holistic, whose files the server has.

import {landmarks} from "/figure.js";

const DIGITS = 6; // behind the point of a coordinate, a fraction of the picture

function loaded(address) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = done;
    script.onerror = () => failed(new Error(`${address} cannot be loaded. Start signjax demo again`));
    document.head.append(script);
  });
}

const plain = points => points.map(point =>
  [point.x, point.y, point.z, point.visibility ?? 0].map(number => Number(number.toFixed(DIGITS))));

// The webcam: `seen(frame, time)` is called for each picture, with the landmarks that the model needs and a time in milliseconds,
// and `failed(error)` if there are no more.
export class Camera {
  constructor(canvas, about, seen, failed) {
    Object.assign(this, {canvas, about, seen, failed, running: false});
  }

  async start() {
    const {folder, irises} = this.about;
    this.stream = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}, audio: false});
    this.running = true;
    try {
      if (!window.Holistic) await loaded(`${folder}holistic.js`);
      this.holistic = new window.Holistic({locateFile: name => folder + name});
      this.holistic.setOptions({modelComplexity: 1, smoothLandmarks: true, refineFaceLandmarks: irises});
      this.holistic.onResults(results => this.found(results));
      this.video = document.createElement("video");
      Object.assign(this.video, {srcObject: this.stream, muted: true, playsInline: true});
      await this.video.play();
      await this.holistic.initialize();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.watch().catch(error => this.running && this.failed(error));
  }

  async watch() {
    while (this.running) {
      await this.holistic.send({image: this.video});
      await new Promise(requestAnimationFrame);
    }
  }

  found(results) {
    if (!this.running) return;
    landmarks(this.canvas, results, [
      ["faceLandmarks", window.FACEMESH_CONTOURS, "--body"],
      ["poseLandmarks", window.POSE_CONNECTIONS, "--body"],
      ["rightHandLandmarks", window.HAND_CONNECTIONS, "--right"],
      ["leftHandLandmarks", window.HAND_CONNECTIONS, "--left"],
    ]);
    const frame = {};
    for (const key of this.about.needs) if (results[key]) frame[key] = plain(results[key]);
    this.seen(frame, performance.now());
  }

  // A clip as a file that the server, and this page, can open.
  file(frames) {
    return new Blob([JSON.stringify({width: this.canvas.width, height: this.canvas.height, frames})], {type: "application/json"});
  }

  async stop() {
    this.running = false;
    this.stream.getTracks().forEach(track => track.stop());
    await this.holistic?.close();
    this.holistic = null;
  }
}
