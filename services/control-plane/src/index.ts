/** The control plane: stores flags and publishes changes. */
export { type ControlPlaneConfig, controlPlaneConfigSchema } from './config.ts';
export { type ControlPlaneDeps, type RunningControlPlane, startControlPlane } from './start.ts';
