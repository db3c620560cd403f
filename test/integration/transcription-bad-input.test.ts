import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { portOf } from "../support/openai-server.ts";
import { convert, silence, speak } from "../support/speech.ts";
import { leftovers, test, transcriptionTask } from "../support/transcription-jobs.ts";
import { ONCE } from "../support/workers.ts";

// Three attempts with the pauses between them, and programs that share two cores with the other tests.
vi.setConfig({ testTimeout: 60_000 });

const DAMAGED = "The recording is damaged or incomplete";
const UNREADABLE = "The file is no recording that can be read";
const PROTECTED = "The recording is protected against copying (DRM) and cannot be decoded";

const half = (file: Buffer): Buffer => file.subarray(0, file.length / 2);
const inFormat = async (extension: string, args: string[] = []) =>
  convert(await speak(), { args, extension });

const drm = () =>
  inFormat("m4a", [
    "-encryption_scheme",
    "cenc-aes-ctr",
    "-encryption_key",
    "76a6c65c5ea762046bd749a2e632ccbb",
    "-encryption_kid",
    "a7e61c373e219033c21091fa607bf3b8",
  ]);
const silentFilm = () =>
  convert(undefined, { args: ["-f", "lavfi", "-i", "testsrc=d=1"], extension: "mp4" });
/** A header that says that there is a second more than there may be. */
const endless = async () => {
  const wav = Buffer.from(await silence(1));
  const bytes = 32_000 * 3601;
  wav.writeUInt32LE(bytes, wav.indexOf("data") + 4);
  return Buffer.concat([wav, Buffer.alloc(bytes - 32_000)]);
};

/** What strangers send, by what they call it. */
const BAD: [what: string, make: () => Promise<Buffer> | Buffer, code: string, message: string][] = [
  ["nothing", () => Buffer.alloc(0), "input_corrupt", "The file is empty"],
  [
    "a letter called call.mp3",
    () => Buffer.from("hello ".repeat(999)),
    "input_unsupported",
    UNREADABLE,
  ],
  ["noise", () => Buffer.alloc(9999, "\x93\x01k"), "input_unsupported", UNREADABLE],
  ["half a WAV", async () => half(await speak()), "input_corrupt", DAMAGED],
  ["half an MP3", () => inFormat("mp3").then(half), "input_corrupt", DAMAGED],
  ["half an M4A", () => inFormat("m4a").then(half), "input_corrupt", DAMAGED],
  [
    "half an M4A that begins with its index",
    () => inFormat("m4a", ["-movflags", "+faststart"]).then(half),
    "input_corrupt",
    DAMAGED,
  ],
  ["half a FLAC", () => inFormat("flac").then(half), "input_corrupt", DAMAGED],
  ["half a WebM", () => inFormat("webm").then(half), "input_corrupt", DAMAGED],
  ["a film without sound", silentFilm, "input_unsupported", "The file has no sound"],
  ["an M4A under DRM", drm, "input_encrypted", PROTECTED],
  ["more than an hour", endless, "input_too_large", "The recording is longer than 60 minutes"],
];

describe("a transcription of bad input", () => {
  test(
    "ends with a code and a sentence each time, leaves nothing behind, and the next one is done",
    { timeout: 180_000 },
    async ({ line, start, submitRecording }) => {
      await start({ ...transcriptionTask, concurrency: 2 });
      const sent = [];
      for (const [what, make, code, message] of BAD)
        sent.push({
          what,
          expected: { code, message, run: 1 },
          jobId: await submitRecording(await make(), { name: "call.mp3" }),
        });
      const good = await submitRecording(await speak("hello world"));

      for (const { what, expected, jobId } of sent) {
        const { failure, events } = await line.outcome(jobId, "transcription");
        expect.soft(failure, what).toEqual(expected);
        const attempts = events.filter(({ event }) => event === "active");
        expect.soft(attempts, what).toHaveLength(1);
      }
      expect((await line.outcome(good, "transcription")).result).toMatchObject({
        text: expect.stringContaining("world"),
      });
      expect(leftovers(await line.files())).toEqual([]);
    },
  );

  test("is done, with no text, when nothing is said", async ({
    line,
    start,
    submitRecording,
    readFile,
  }) => {
    await start(transcriptionTask);
    const jobId = await submitRecording(await silence(3), { options: { formats: ["vtt", "txt"] } });
    const { result } = await line.outcome(jobId, "transcription");
    expect(result).toMatchObject({ text: "", segments: 0, duration: 3, language: null });
    expect(result?.["files"]).toMatchObject([
      { name: "transcript.vtt", contentType: "text/vtt; charset=utf-8" },
      { name: "transcript.txt" },
    ]);
    expect(await readFile(jobId, "transcript.vtt")).toBe("WEBVTT\n");
  });

  test(
    "reads no other file and no address that a playlist names",
    { timeout: 90_000 },
    async ({ line, start, submitRecording, folder }) => {
      let visits = 0;
      const server = createServer((_request, response) => {
        visits += 1;
        response.end();
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const port = portOf(server);
      const secret = join(folder, "secret.m4a");
      // In fragments: ffmpeg would read it for a DASH playlist.
      await writeFile(secret, await inFormat("m4a", ["-movflags", "frag_keyframe+empty_moov"]));
      await start(transcriptionTask);
      const hls = (address: string) =>
        `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${address}\n#EXT-X-ENDLIST\n`;
      const mpd = (address: string) =>
        `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S" minBufferTime="PT2S"><Period duration="PT9S">
<AdaptationSet mimeType="audio/mp4" contentType="audio"><Representation id="1" mimeType="audio/mp4" codecs="mp4a.40.2" bandwidth="64000">
<BaseURL>${address}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
      const playlists = [
        hls(`file://${secret}`),
        hls(`http://127.0.0.1:${port}/a.ts`),
        `ffconcat version 1.0\nfile '${secret}'\n`,
        mpd(`http://127.0.0.1:${port}/`),
        mpd(`file://${secret}`),
        `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio ${port} RTP/AVP 0\n`,
      ];
      for (const [i, playlist] of playlists.entries()) {
        const jobId = await submitRecording(Buffer.from(playlist), { name: `call${i}.m3u8` });
        expect((await line.outcome(jobId, "transcription")).failure).toMatchObject({
          code: "input_unsupported",
          message: UNREADABLE,
        });
      }
      expect(visits).toBe(0);
      server.close();
    },
  );

  test("says which language there is when another is asked for", async ({
    line,
    start,
    submitRecording,
  }) => {
    await start(transcriptionTask);
    const options = { language: "de" };
    const jobId = await submitRecording(await speak("hello"), { options, ...ONCE });
    expect((await line.outcome(jobId, "transcription")).failure).toMatchObject({
      code: "engine_unavailable",
      message: "Only English can be transcribed here: no other engine is set up",
    });
  });
});

describe("a transcription by sherpa-onnx", () => {
  test.for<[string, string[], string]>([
    [
      "the folder has no model",
      ["README.md"],
      "Transcription is off here: its folder holds no model that is known",
    ],
    [
      "the package is not installed",
      ["tiny-encoder.onnx", "tiny-decoder.onnx", "tiny-tokens.txt"],
      "Transcription is off here: sherpa-onnx-node is not installed",
    ],
  ])(
    "ends with a code when %s",
    async ([, names, message], { line, start, submitRecording, folder }) => {
      for (const name of names) await writeFile(join(folder, name), "");
      await start({ ...transcriptionTask, engines: { transcribeModelDir: folder } });
      const jobId = await submitRecording(await speak("hello"), ONCE);
      expect((await line.outcome(jobId, "transcription")).failure).toMatchObject({
        code: "engine_unavailable",
        message,
      });
    },
  );
});
