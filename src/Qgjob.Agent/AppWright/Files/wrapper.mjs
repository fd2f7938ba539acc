import { pathToFileURL } from 'url';
import settings from './settings.cjs';
export default settings.adapt(await import(pathToFileURL(process.env.QGJOB_CONFIG).href));
