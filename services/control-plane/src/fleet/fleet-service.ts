/** FleetService: what evaluators tell of themselves. */
import { invalidField } from '@flagstream/protocol';
import {
  FleetServiceService,
  type ReportNodeRequest,
  type ReportNodeResponse,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { EVERYWHERE, requirePermission, type ServiceBinding, unary, type Verb } from '@flagstream/runtime';
import type { NodeReports } from './node-reports.ts';

const POLICY: Readonly<Record<keyof typeof FleetServiceService, Verb>> = { reportNode: 'log' };

export function fleetService(reports: NodeReports): ServiceBinding {
  return {
    definition: FleetServiceService,
    policy: POLICY,
    handlers: {
      reportNode: unary<ReportNodeRequest, ReportNodeResponse>(({ report }, { principal }) => {
        requirePermission(principal, 'log', EVERYWHERE);
        if (report === undefined) throw invalidField('report', 'is missing');
        reports.take(report);
        return {};
      }),
    },
  };
}
