/** Every command. A process that serves needs but one of them, and starts sooner without the others. */
import type { Command } from 'commander';
import type { CliSession } from './cli-session.ts';
import { applyCommand, planCommand } from './commands/apply.ts';
import { backupCommand } from './commands/backup.ts';
import { blameCommand } from './commands/blame.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { demoCommand } from './commands/demo.ts';
import { devCommand } from './commands/dev.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { environmentCommand } from './commands/environment.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand, schemaCommand } from './commands/export.ts';
import { flagCommand } from './commands/flag.ts';
import { clientsCommand, nodesCommand, waitCommand } from './commands/fleet.ts';
import { healthCommand } from './commands/health.ts';
import { changesCommand, historyCommand } from './commands/history.ts';
import { importCommand } from './commands/import.ts';
import { keyCommand } from './commands/key.ts';
import { logCommand } from './commands/log.ts';
import { projectCommand } from './commands/project.ts';
import { revertCommand } from './commands/revert.ts';
import { segmentCommand } from './commands/segment.ts';
import { serveCommand } from './commands/serve.ts';
import { watchCommand } from './commands/watch.ts';
import { programOf } from './program.ts';
import type { Roles } from './roles/roles.ts';

/** The whole command tree. */
export function buildProgram(session: CliSession, roles: Roles | undefined): Command {
  return programOf(session, [
    demoCommand(session),
    devCommand(session),
    serveCommand(session, roles),
    flagCommand(session),
    segmentCommand(session),
    environmentCommand(session),
    projectCommand(session),
    keyCommand(session),
    evalCommand(session),
    watchCommand(session),
    waitCommand(session),
    nodesCommand(session),
    clientsCommand(session),
    planCommand(session),
    applyCommand(session),
    diffCommand(session),
    exportCommand(session),
    importCommand(session),
    schemaCommand(session),
    historyCommand(session),
    changesCommand(session),
    blameCommand(session),
    revertCommand(session),
    logCommand(session),
    backupCommand(session),
    healthCommand(session),
    doctorCommand(session),
    configCommand(session, roles),
    completionCommand(session),
  ]);
}
