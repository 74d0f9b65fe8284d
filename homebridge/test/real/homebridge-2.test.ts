import { planTests } from './plans.ts';

planTests('homebridge');
