-- The packs on sale and what each feature costs. Prices come from here and from nowhere else: a
-- request names a pack or a feature, never an amount.

create table public.credit_packages (
    id          text        not null,
    name        text        not null,
    credits     bigint      not null,
    unit_amount bigint      not null,
    currency    text        not null default 'usd',
    valid_days  integer,
    active      boolean     not null default true,
    sort_order  integer     not null default 0,
    created_at  timestamptz not null default now(),
    constraint credit_packages_pkey primary key (id),
    constraint credit_packages_id_is_a_slug check (id ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint credit_packages_name_is_short check (length(name) between 1 and 80),
    constraint credit_packages_credits_are_sane check (credits between 1 and 1000000000),
    constraint credit_packages_unit_amount_is_sane check (unit_amount between 1 and 99999999),
    constraint credit_packages_currency_is_iso check (currency ~ '^[a-z]{3}$'),
    constraint credit_packages_valid_days_are_sane check (valid_days between 1 and 3650)
);

comment on table public.credit_packages is
    'The packs on sale. Edit a row to change a price: an order keeps the price it began with.';
comment on column public.credit_packages.credits is 'Credits a buyer receives.';
comment on column public.credit_packages.unit_amount is 'Price in minor units of the currency: 499 is $4.99.';
comment on column public.credit_packages.currency is 'ISO 4217, lower case, as Stripe writes it.';
comment on column public.credit_packages.valid_days is 'Days from payment until the remaining credits expire. Null: they never expire.';
comment on column public.credit_packages.active is 'False takes the pack off sale. Orders that have begun still settle.';

alter table public.credit_packages enable row level security;
revoke all on public.credit_packages from public, anon, authenticated, service_role;
grant select on public.credit_packages to anon, authenticated, service_role;

create policy "anybody reads what is on sale" on public.credit_packages
    for select to anon, authenticated using (active);

insert into public.credit_packages (id, name, credits, unit_amount, currency, sort_order) values
    ('starter',      'Starter',      500,  499,  'usd', 1),
    ('creator',      'Creator',      1500, 1499, 'usd', 2),
    ('professional', 'Professional', 3500, 2999, 'usd', 3);

create table public.credit_features (
    id         text        not null,
    name       text        not null,
    credits    bigint      not null,
    active     boolean     not null default true,
    sort_order integer     not null default 0,
    created_at timestamptz not null default now(),
    constraint credit_features_pkey primary key (id),
    constraint credit_features_id_is_a_slug check (id ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint credit_features_name_is_short check (length(name) between 1 and 80),
    constraint credit_features_credits_are_sane check (credits between 1 and 1000000000)
);

comment on table public.credit_features is 'What the app''s features cost, in credits.';
comment on column public.credit_features.credits is 'Credits one use costs.';
comment on column public.credit_features.active is 'False switches the feature off: it can be neither spent on nor held for.';

alter table public.credit_features enable row level security;
revoke all on public.credit_features from public, anon, authenticated, service_role;
grant select on public.credit_features to anon, authenticated, service_role;

create policy "anybody reads what things cost" on public.credit_features
    for select to anon, authenticated using (active);

insert into public.credit_features (id, name, credits, sort_order) values
    ('audio_upload',    'Audio upload',    2,  1),
    ('txt_upload',      'Text upload',     3,  2),
    ('docx_processing', 'DOCX processing', 5,  3),
    ('premium_export',  'Premium export',  15, 4);

create function public.read_catalogue()
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_build_object(
        'packages', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', p.id,
                'name', p.name,
                'credits', p.credits,
                'unit_amount', p.unit_amount,
                'currency', p.currency,
                'valid_days', p.valid_days
            ) order by p.sort_order, p.id), '[]'::jsonb)
            from public.credit_packages p
            where p.active
        ),
        'features', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', f.id,
                'name', f.name,
                'credits', f.credits
            ) order by f.sort_order, f.id), '[]'::jsonb)
            from public.credit_features f
            where f.active
        )
    )
$$;

comment on function public.read_catalogue() is
'The packs on sale and the prices of features, in display order.
Returns {"packages": [{id, name, credits, unit_amount, currency, valid_days}], "features": [{id, name, credits}]}.';
revoke all on function public.read_catalogue() from public, anon, authenticated, service_role;
grant execute on function public.read_catalogue() to anon, authenticated, service_role;

create function purse.price_of(
    p_feature  text,
    p_quantity integer
)
    returns bigint
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_credits bigint;
begin
    if p_quantity is null or p_quantity not between 1 and 1000000 then
        raise exception using errcode = 'PT422', message = 'quantity must be from 1 to 1000000';
    end if;
    select f.credits into v_credits
    from public.credit_features f
    where f.id = p_feature
        and f.active;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such feature', detail = 'unknown_feature';
    end if;
    return v_credits * p_quantity;
end
$$;

comment on function purse.price_of(text, integer) is
'The price of using a feature p_quantity times, in credits.
Raises PT404 if the feature is not offered, PT422 if the quantity is not from 1 to 1000000.';
revoke all on function purse.price_of(text, integer) from public, anon, authenticated, service_role;
