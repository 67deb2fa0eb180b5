/**
 * The control plane's store on a simulated disk: production's memory store,
 * each record and each note of which is on the disk, and synced, when the call
 * returns.
 */
import type { Codec, LogRecord } from '@flagstream/replica';
import { MemoryStore } from '../../../services/control-plane/src/log/memory-store.ts';
import type { Disk } from '../world/disk.ts';

const LOG_FILE = 'log';
const NOTES_FILE = 'notes';

interface Notes {
  readonly restored: boolean;
  /** Newest epoch of the file that the restored one replaced. */
  readonly restoredOver: number;
  readonly shippedEpoch: number;
  readonly announcedEpoch: number;
}

export class DiskStore extends MemoryStore {
  readonly #disk: Disk;
  readonly #restoredOver: number;

  constructor(codec: Codec, disk: Disk) {
    const notes = readNotes(disk);
    super(codec, { restored: notes.restored });
    this.#disk = disk;
    this.#restoredOver = notes.restoredOver;
    for (const block of disk.read(LOG_FILE) ?? []) super.fold(codec.decodeRecord(block));
    super.noteShippedEpoch(notes.shippedEpoch);
    super.noteAnnouncedEpoch(notes.announcedEpoch);
  }

  override fold(record: LogRecord): void {
    super.fold(record);
    this.#disk.append(LOG_FILE, record.bytes);
    this.#disk.sync(LOG_FILE);
  }

  /** No crash comes between the record and the note: the simulated world waits for the call to return. */
  override begin(record: LogRecord): void {
    super.begin(record);
    this.#note();
  }

  override restoredOver(): number {
    return this.#restoredOver;
  }

  override noteShippedEpoch(epoch: number): void {
    super.noteShippedEpoch(epoch);
    this.#note();
  }

  override noteAnnouncedEpoch(epoch: number): void {
    super.noteAnnouncedEpoch(epoch);
    this.#note();
  }

  #note(): void {
    writeNotes(this.#disk, {
      restored: this.restoredMark(),
      restoredOver: this.#restoredOver,
      shippedEpoch: this.shippedEpoch(),
      announcedEpoch: this.announcedEpoch(),
    });
  }
}

/** What the restore command does to a copy of the file, which takes the place of one with this epoch. */
export function markRestored(disk: Disk, restoredOver: number): void {
  writeNotes(disk, { ...readNotes(disk), restored: true, restoredOver });
}

/** Newest epoch that is known of the log on a disk. */
export function newestEpoch(disk: Disk, codec: Codec): number {
  const last = disk.read(LOG_FILE)?.at(-1);
  return Math.max(last === undefined ? 0 : codec.decodeRecord(last).epoch, readNotes(disk).restoredOver);
}

/** A copy that was put back and has not seen the stream yet. */
export function isMarkedRestored(disk: Disk): boolean {
  return readNotes(disk).restored;
}

function readNotes(disk: Disk): Notes {
  const newest = disk.read(NOTES_FILE)?.at(-1);
  if (newest === undefined) return { restored: false, restoredOver: 0, shippedEpoch: 0, announcedEpoch: 0 };
  return JSON.parse(Buffer.from(newest).toString()) as Notes;
}

function writeNotes(disk: Disk, notes: Notes): void {
  disk.append(NOTES_FILE, Buffer.from(JSON.stringify(notes)));
  disk.sync(NOTES_FILE);
}
