// The sound of a bell, made from its partials. Used when a bell rings and sound is on.

/** A bell's partials: ratio to the strike note, loudness, and seconds until it has died away. */
const PARTIALS: readonly (readonly [ratio: number, loudness: number, seconds: number])[] = [
  [0.5, 0.28, 3.6],
  [1, 0.4, 2.6],
  [1.2, 0.26, 2],
  [1.5, 0.12, 1.6],
  [2, 0.3, 1.3],
  [2.67, 0.12, 0.8],
  [4.08, 0.06, 0.4],
];
/** Strike notes in hertz, from the largest bell to the smallest. */
const NOTES = [392, 493.88, 587.33, 783.99, 987.77, 1174.66];

export class Sound {
  on = false;
  private context: AudioContext | null = null;

  /** Call from a click: browsers allow sound only after one. */
  toggle(): boolean {
    this.on = !this.on;
    if (this.on) this.context ??= new AudioContext();
    return this.on;
  }

  strike(bell: number): void {
    if (!this.on || !this.context) return;
    const start = this.context.currentTime;
    const note = NOTES[bell % NOTES.length] ?? NOTES[0]!;
    for (const [ratio, loudness, seconds] of PARTIALS) this.partial(note * ratio, loudness * 0.3, start, seconds);
  }

  private partial(frequency: number, loudness: number, start: number, seconds: number): void {
    if (!this.context) return;
    const tone = new OscillatorNode(this.context, { frequency });
    const envelope = new GainNode(this.context, { gain: 0 });
    envelope.gain.linearRampToValueAtTime(loudness, start + 0.004);
    envelope.gain.exponentialRampToValueAtTime(0.0001, start + seconds);
    tone.connect(envelope).connect(this.context.destination);
    tone.start(start);
    tone.stop(start + seconds);
  }
}
