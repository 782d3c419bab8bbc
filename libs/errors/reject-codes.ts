/**
 * Every reason for which a record or a request is refused: counted in metrics, written to the header of the dead letter, told by the
 * command line and the API. A code that was published once keeps its name and its meaning: people's dashboards and redrives name it.
 */
export const rejectCodes = {
  // A record that cannot be read or written.
  no_value: 'The record has no value, or none of the kind that is expected.',
  undecodable: 'The bytes are no Avro of their own schema, or that schema cannot be read as the one expected.',
  undecodable_batch: 'A whole batch cannot be decompressed; the letter holds it as it lies in the log.',
  unencodable: 'A value does not fit the schema of its topic.',
  not_avro: 'The value does not begin as Avro with a schema id does.',
  not_json: 'The value is not the JSON document that is expected.',
  unknown_schema_id: 'No schema has this id, in the registry or beside the archive.',
  no_subject: 'The schema belongs to no subject that is known.',
  output_too_large: 'An output exceeds what the broker takes.',
  field_too_long: 'A field exceeds its bound.',

  // What the marketplace says.
  missing_field: 'An answer lacks a field: the marketplace changed, or a permission is missing (flipstream doctor --live).',
  bad_field: 'A field of an answer has another type than expected (flipstream doctor --live).',
  graphql_error: 'The marketplace refused this one thing, and said why.',
  changed_field: 'A field of an answer is of another kind than yesterday; the rest of the entry was used.',
  data_refused: 'The marketplace answered without data.',
  bad_price: 'A price is missing, zero, negative, or beyond any price.',
  bad_exchange_rate: 'A rate is zero, negative, or beyond any rate.',
  unknown_token: 'The order is in a token of unknown decimals or rate.',
  no_exchange_rate: 'The ask is in tokens only, and no rate of the last hour is known. Redrive it once rates come.',
  order_expired: 'The order had ended when it was seen.',
  future_event: 'The event lies after the moment at which it was observed: a clock is wrong.',
  id_is_a_number: 'The id of the axie is not a whole number above 0.',
  price_in_range: 'The price is outside the range of prices that are believed.',
  dollars_agree_with_ether: 'The prices in dollars and in ether contradict each other.',
  seller_is_not_buyer: 'Seller and buyer are the same.',
  order_closed: 'The order is void, cancelled or filled.',
  order_not_a_sale: 'The order is an offer to buy, or of another kind than a sale.',

  // An hour of the market, told with the event that ended it.
  hour_no_price_dominates: 'One price stands in too many sales of the hour.',
  hour_prices_vary: 'The sales of the hour have too few prices.',
  hour_no_axie_dominates: 'One axie stands in too many sales of the hour.',
  hour_several_classes: 'The sales of the hour are of too few classes.',
  hour_seller_is_not_buyer: 'In too many sales of the hour seller and buyer are the same.',

  // An axie.
  egg: 'The axie has not hatched: it has no parts to price.',
  unknown_class: 'The axie has a class that is not known.',
  unknown_part: 'A part has none of the six types, or one type is there twice or not at all.',
  bad_breed_count: 'The breed count is outside its range.',

  // A model.
  no_model: 'No model was in force when the listing was observed: promote one, then redrive.',
  no_market: 'No event of the market is known yet.',
  no_level: 'Too few sales are known to tell the level of the market.',
  no_forecast: 'The model gave no usable number.',
  model_slow: 'The model takes so long for a forecast that it could not keep up with the market.',
  model_missing: 'The bundle is not in the object store: publish it again, or promote another model.',
  model_corrupt: 'The bundle differs from what its manifest or announcement says.',
  model_unsupported: 'The bundle is of a kind or format that this version does not read.',
  model_unknown: 'The model was never announced.',
  model_barred: 'The model was rolled back and is barred for ever.',
  model_source_mismatch: 'A model of another source (recorded, synthetic) must not price the live market.',
  feature_set_unknown: 'The model reads a feature set that this version does not have.',
  measure_set_mismatch: 'Enricher and featurizer are of different versions.',
  feature_set_mismatch: 'The vector is of another feature set than the model reads.',
  bad_vector: 'The vector has another width than the model reads.',

  // Decisions, positions, training.
  decision_outdated: 'Another model was in force by then: the decision expected one that no longer is.',
  market_empty: 'The market has no event yet: nothing can be put in force in its order.',
  never_compared: 'The two models were never compared: neither of them priced while the other was.',
  no_predecessor: 'No other model was in force before.',
  bought_already: 'This account has the axie already.',
  bought_before_listed: 'The purchase lies before the listing.',
  sold_before_bought: 'The sale lies before the purchase.',
  not_held: 'This account does not have the axie.',
  no_price: 'The price in dollars is missing.',
  not_scored: 'No scored listing of this axie is known.',
  too_few_sales: 'There are too few sales to learn from, or to judge by.',
  test_too_early: 'The sales to judge by begin before those to learn from end.',
  bad_sales_file: 'A row of a file of sales cannot be read; the message names row and column.',
  bad_leaderboard_file: 'A row of a leaderboard file cannot be read; the message names row and column.',
} as const

export type RejectCode = keyof typeof rejectCodes

export const isRejectCode = (text: string): text is RejectCode => Object.hasOwn(rejectCodes, text)
