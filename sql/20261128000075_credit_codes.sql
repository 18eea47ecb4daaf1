-- Codes that give credits: a campaign says what they are worth and to whom, a code is one word of it.
-- Only hashes are kept, so a code is shown once, when it is made. A campaign gives each person and each
-- address credits once.

create table public.credit_campaigns (
    id                 text                not null,
    name               text                not null,
    credits            public.credit_count not null,
    codes_work_once    boolean             not null,
    new_customers_only boolean             not null,
    valid_days         integer,
    starts_at          timestamptz,
    ends_at            timestamptz,
    actor              text                not null,
    created_at         timestamptz         not null default clock_timestamp(),
    constraint credit_campaigns_pkey primary key (id),
    constraint credit_campaigns_id_is_a_word check (id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    constraint credit_campaigns_name_is_short check (name ~ '\S' and length(name) <= 100),
    constraint credit_campaigns_give_something check (credits between 1 and 1000000000),
    constraint credit_campaigns_valid_days_are_bounded check (valid_days between 1 and 3650),
    constraint credit_campaigns_window_is_one check (ends_at > starts_at)
);

comment on table public.credit_campaigns is 'What codes give, to whom and when. Codes are in credit_codes.';
comment on column public.credit_campaigns.name is 'For people: the lot''s name, and the reason in the history.';
comment on column public.credit_campaigns.codes_work_once is 'True: each code works once in all. False: once for each person.';
comment on column public.credit_campaigns.new_customers_only is 'True: only for people who have paid for nothing yet.';
comment on column public.credit_campaigns.valid_days is 'Days until the credits expire. Null: never.';
comment on column public.credit_campaigns.starts_at is 'The first moment at which codes work. Null: at once.';
comment on column public.credit_campaigns.ends_at is 'The moment from which codes no longer work. Null: never.';

create table public.credit_codes (
    code_hash   bytea       not null,
    campaign_id text        not null,
    created_at  timestamptz not null default clock_timestamp(),
    constraint credit_codes_pkey primary key (code_hash),
    constraint credit_codes_campaign_id_fkey foreign key (campaign_id) references public.credit_campaigns (id),
    constraint credit_codes_hash_is_sha256 check (length(code_hash) = 32)
);

create index credit_codes_campaign_id_idx on public.credit_codes (campaign_id);

comment on table public.credit_codes is 'Codes, as SHA-256 of their letters and digits in upper case.';

create table public.code_redemptions (
    campaign_id    text        not null,
    address_hash   bytea       not null,
    user_id        uuid,
    code_hash      bytea       not null,
    transaction_id bigint      not null,
    redeemed_at    timestamptz not null default clock_timestamp(),
    constraint code_redemptions_pkey primary key (campaign_id, address_hash),
    constraint code_redemptions_user_id_key unique (campaign_id, user_id),
    constraint code_redemptions_code_hash_fkey foreign key (code_hash) references public.credit_codes (code_hash),
    constraint code_redemptions_transaction_id_fkey foreign key (transaction_id) references public.credit_transactions (id)
);

create index code_redemptions_code_hash_idx on public.code_redemptions (code_hash);
create index code_redemptions_user_id_idx on public.code_redemptions (user_id);

comment on table public.code_redemptions is 'Who was given which campaign''s credits, by which code and which ledger row.';
comment on column public.code_redemptions.address_hash is 'The account''s address (purse.address_hash). It stays when the account is deleted.';
comment on column public.code_redemptions.user_id is 'Null once the account is deleted: the address then leads to nobody.';

create table public.code_attempts (
    origin_hash bytea       not null,
    began_at    timestamptz not null,
    attempts    integer     not null,
    constraint code_attempts_pkey primary key (origin_hash)
);

create index code_attempts_began_at_idx on public.code_attempts (began_at);

comment on table public.code_attempts is 'How many codes were tried in the present hour: by a user, and from a network address.';
comment on column public.code_attempts.origin_hash is 'A keyed hash of the user''s id or of the network address (purse.address_hash).';
comment on column public.code_attempts.began_at is 'When the hour that is counted began. Older rows are deleted by later attempts.';

alter table public.credit_campaigns enable row level security;
revoke all on public.credit_campaigns from public, anon, authenticated, service_role;
grant select on public.credit_campaigns to service_role;
alter table public.credit_codes enable row level security;
revoke all on public.credit_codes from public, anon, authenticated, service_role;
grant select on public.credit_codes to service_role;
alter table public.code_redemptions enable row level security;
revoke all on public.code_redemptions from public, anon, authenticated, service_role;
grant select on public.code_redemptions to service_role;
alter table public.code_attempts enable row level security;
revoke all on public.code_attempts from public, anon, authenticated, service_role;
grant select on public.code_attempts to service_role;

create function public.add_credit_codes(
    p_campaign jsonb,
    p_actor    text,
    p_hashes   text[]
)
    returns integer
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_wanted public.credit_campaigns;
    v_known  public.credit_campaigns;
    v_added  integer;
begin
    perform purse.require_server();
    v_wanted := pg_catalog.jsonb_populate_record(null::public.credit_campaigns, p_campaign);
    v_wanted.actor := p_actor;
    v_wanted.created_at := clock_timestamp();
    insert into public.credit_campaigns
    select v_wanted.*
    on conflict (id) do nothing;
    select * into strict v_known from public.credit_campaigns c where c.id = v_wanted.id for share;
    -- Who made it, and when, may differ: codes are added later, by others.
    v_wanted.actor := v_known.actor;
    v_wanted.created_at := v_known.created_at;
    if v_known is distinct from v_wanted then
        raise exception using
            errcode = 'PT409',
            message = 'a campaign of this id has other terms';
    end if;
    insert into public.credit_codes (code_hash, campaign_id)
    select pg_catalog.decode(h, 'hex'), v_wanted.id
    from unnest(p_hashes) h
    on conflict (code_hash) do nothing;
    get diagnostics v_added = row_count;
    if exists (
        select from public.credit_codes c
        where c.code_hash in (select pg_catalog.decode(h, 'hex') from unnest(p_hashes) h)
            and c.campaign_id <> v_wanted.id
    ) then
        raise exception using errcode = 'PT409', message = 'a code of another campaign is the same';
    end if;
    return v_added;
end
$$;

comment on function public.add_credit_codes(jsonb, text, text[]) is
'Makes a campaign, or adds codes to one with the same terms. p_campaign is {id, name, credits, codes_work_once,
new_customers_only, valid_days, starts_at, ends_at}; p_hashes are SHA-256 in hexadecimal. Returns how many codes are new:
repeating a call adds none. Raises PT409 if the campaign has other terms, or a code belongs to another campaign;
check_violation or not_null_violation for terms that are not valid.';
revoke all on function public.add_credit_codes(jsonb, text, text[]) from public, anon, authenticated, service_role;
grant execute on function public.add_credit_codes(jsonb, text, text[]) to service_role;

create function purse.count_code_attempt(
    p_origin text,
    p_most   integer
)
    returns integer
    language plpgsql
    set search_path = ''
as $$
declare
    v_hour    interval := interval '1 hour';
    v_counted public.code_attempts;
begin
    insert into public.code_attempts as a (origin_hash, began_at, attempts)
    values (purse.address_hash(p_origin), clock_timestamp(), 1)
    on conflict (origin_hash) do update
        set began_at = case when a.began_at <= clock_timestamp() - v_hour then clock_timestamp() else a.began_at end,
            attempts = case when a.began_at <= clock_timestamp() - v_hour then 1 else a.attempts + 1 end
    returning * into v_counted;
    if v_counted.attempts <= p_most then
        return 0;
    end if;
    return greatest(ceil(extract(epoch from v_counted.began_at + v_hour - clock_timestamp())), 1);
end
$$;

comment on function purse.count_code_attempt(text, integer) is
'Counts an attempt of this user or network address. Returns the seconds to wait past p_most in an hour, else 0.';
revoke all on function purse.count_code_attempt(text, integer) from public, anon, authenticated, service_role;

-- Refusals are answers and not errors, because an error would undo the count of attempts.
-- Locks the attempts of user and network address, then the code, then the user's row.
create function public.redeem_code(
    p_user_id         uuid,
    p_address         text,
    p_network_address text,
    p_code_hash       text,
    p_most_by_user    integer,
    p_most_by_network integer
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_hash     bytea := pg_catalog.decode(p_code_hash, 'hex');
    v_address  bytea;
    v_campaign public.credit_campaigns;
    v_redeemed public.code_redemptions;
    v_granted  jsonb;
    v_wait     integer;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    v_wait := purse.count_code_attempt('user ' || p_user_id::text, p_most_by_user);
    -- Whoever is past their own limit does not use up that of their network.
    if v_wait = 0 then
        v_wait := purse.count_code_attempt('network ' || p_network_address, p_most_by_network);
    end if;
    delete from public.code_attempts a
    where a.origin_hash in (
        select o.origin_hash
        from public.code_attempts o
        where o.began_at < clock_timestamp() - interval '1 day'
        limit 100
        for update skip locked
    );
    if v_wait > 0 then
        return jsonb_build_object('outcome', 'limited', 'retry_after', v_wait);
    end if;

    v_address := purse.address_hash(p_address);
    -- Two people with one code, or one person twice: the second waits here.
    perform from public.credit_codes k where k.code_hash = v_hash for update;
    select c.* into v_campaign
    from public.credit_codes k
    join public.credit_campaigns c on c.id = k.campaign_id
    where k.code_hash = v_hash;
    if not found then
        return jsonb_build_object('outcome', 'refused');
    end if;

    select * into v_redeemed
    from public.code_redemptions r
    where r.campaign_id = v_campaign.id
        and r.user_id = p_user_id
        and r.code_hash = v_hash;
    if found then
        return jsonb_build_object('outcome', 'replayed', 'credits', v_campaign.credits, 'campaign', v_campaign.name);
    end if;
    if v_campaign.starts_at > clock_timestamp()
        or v_campaign.ends_at <= clock_timestamp()
        or (v_campaign.codes_work_once and exists (
            select from public.code_redemptions r where r.code_hash = v_hash
        ))
        or (v_campaign.new_customers_only and exists (
            -- Not the ledger: orders move with a purse, and a moved purse's ledger row is move_in.
            select from public.purchases p where p.user_id = p_user_id and p.paid_at is not null
        ))
    then
        return jsonb_build_object('outcome', 'refused');
    end if;

    -- Another code of this campaign may be redeemed by the same person at once: the account's row is
    -- locked before its redemptions are read.
    perform purse.open_account(p_user_id);
    if exists (
        select from public.code_redemptions r
        where r.campaign_id = v_campaign.id
            and (r.user_id = p_user_id or r.address_hash = v_address)
    ) then
        return jsonb_build_object('outcome', 'refused');
    end if;
    -- A block of its own: its undoing must not undo the count of attempts.
    begin
        v_granted := public.grant_credits(
            p_user_id,
            v_campaign.credits,
            'bonus',
            'code',
            v_campaign.name,
            'code ' || pg_catalog.gen_random_uuid()::text,
            v_campaign.valid_days
        );
        insert into public.code_redemptions (campaign_id, address_hash, user_id, code_hash, transaction_id)
        values (v_campaign.id, v_address, p_user_id, v_hash, (v_granted ->> 'transaction_id')::bigint);
    exception
        -- Another account of the same address redeemed a code of this campaign at the same moment.
        when unique_violation then
            return jsonb_build_object('outcome', 'refused');
    end;
    return jsonb_build_object('outcome', 'redeemed', 'credits', v_campaign.credits, 'campaign', v_campaign.name);
end
$$;

comment on function public.redeem_code(uuid, text, text, text, integer, integer) is
'Gives a person the credits of a code, once. p_address is the account''s e-mail address or phone number; it and
p_network_address are stored only as keyed hashes. p_code_hash is SHA-256 in hexadecimal; the last two are the most attempts
of a user and from a network address in an hour. Returns {outcome, credits, campaign}: redeemed, replayed (this person had it before), refused (unknown, used up,
outside its time, or not for this person: not told apart), or limited with retry_after in seconds.
Raises PT403 if the account was deleted.';
revoke all on function public.redeem_code(uuid, text, text, text, integer, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.redeem_code(uuid, text, text, text, integer, integer) to service_role;
