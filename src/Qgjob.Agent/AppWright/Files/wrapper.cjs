'use strict';
module.exports = require('./settings.cjs').adapt(require(process.env.QGJOB_CONFIG));
